// --- views ------------------------------------------------------------------------------

// Each shows the subjects that were selected: what it makes of them, how many of these a page has
// and what they are called.
const VIEWS = Object.assign(Object.create(null), {
  list: { title: 'List', noun: 'subjects', size: 50, items: (found) => found, fill: fillList },
  time: { title: 'Timeline', noun: 'times', size: 200, items: moments, fill: fillTime },
  tree: { title: 'Process tree', noun: 'rows', size: 500, items: family, fill: fillTree },
});
const PRINTED = { title: 'List', noun: 'subjects', size: 1000, items: (found) => found,
  fill: fillList };
let printing = false;

function show() {
  const view = printing ? PRINTED : VIEWS[state.view];
  const found = selected();
  const items = view.items(found);
  const pages = Math.max(1, Math.ceil(items.length / view.size));
  const page = printing ? 1 : Math.min(state.page, pages);
  const first = (page - 1) * view.size;
  const shown = items.slice(first, first + view.size);
  byName('list').replaceChildren(...view.fill(shown, items));
  if (!shown.length) byName('list').append(make('p', 'soft', nothing(view)));
  byName('status').textContent = told(view, items.length, first, shown.length, found.length);
  for (const bar of document.querySelectorAll('.pages')) {
    bar.replaceChildren();
    if (pages > 1) bar.append(...pager(page, pages));
  }
  reflect();
}

const nothing = (view) => (!data.subjects.length ? 'Nothing was found.' : view === VIEWS.time ? 'No time is known of these subjects.'
  : view === VIEWS.tree ? 'Of no process among these subjects is it known who started it.' : 'No subject matches.');

function told(view, all, first, shown, found) {
  const number = (value) => value.toLocaleString('en');
  const range = shown ? `${number(first + 1)} to ${number(first + shown)} of ` : '';
  let text = `${range}${number(all)} ${view.noun}`;
  if (view.fill !== fillList) text += `, ${number(found)} subjects`;
  if (found < data.subjects.length) text += `, ${number(data.subjects.length)} in all`;
  if (state.technique) text += ` · only ${short(state.technique, 40)}`;
  if (state.time) text += ` · only ${short(state.time, 40)}`;
  return text;
}

function fillList(places) {
  return places.map(article);
}

function goTo(place) {
  const subject = data.subjects[place];
  return button(`${subject.badge} ${short(subject.title)}`, () => reveal(place), 'ev to');
}

function pager(page, pages) {
  const step = (text, to) => {
    const element = button(text, () => {
      change({ page: to });
      byName('findings').scrollIntoView();
    });
    element.disabled = to < 1 || to > pages;
    return element;
  };
  return [step('First', page > 1 ? 1 : 0), step('Previous', page - 1),
    make('span', 'soft', `page ${page} of ${pages}`), step('Next', page + 1)];
}

// --- timeline ---------------------------------------------------------------------------

function moments(found) {
  const all = [];
  for (const place of found) {
    for (const [time, what] of data.subjects[place].times) {
      if (time.startsWith(state.time)) all.push({ time, what, place });
    }
  }
  return all.sort((a, b) => byText(a.time, b.time) || a.place - b.place);
}

// Years, months, days or hours: the finest that still makes a short row.
const GRAINS = [13, 10, 7, 4];
const MOST = 24;

function fillTime(shown, all) {
  if (!all.length) return [];
  return [spans(all), ...days(shown)];
}

// One button for each span of time in which something happened; it shows that span alone.
function spans(all) {
  const tallies = GRAINS.map((grain) => tally(all.map(({ time }) => time.slice(0, grain))));
  const counts = tallies.find((each) => each.length <= MOST) || tallies.at(-1).slice(-MOST);
  const most = Math.max(...counts.map(([, count]) => count));
  const row = make('div', 'row spans');
  for (const [span, count] of counts) {
    const bar = '▁▂▃▄▅▆▇█'[Math.ceil((7 * count) / most)];
    row.append(button(`${bar} ${span.replace('T', ' ')}${span.length === 13 ? 'h' : ''} ` +
      `(${count.toLocaleString('en')})`, () => change({ time: state.time === span ? '' : span })));
  }
  if (state.time) row.append(button('all times', () => change({ time: '' })));
  return row;
}

function days(shown) {
  const parts = [];
  let day = '';
  for (const { time, what, place } of shown) {
    if (time.slice(0, 10) !== day) {
      day = time.slice(0, 10);
      parts.push(make('h3', 'day', day), make('ol', 'times'));
    }
    parts.at(-1).append(make('li', '', make('time', 'mono', time.slice(11).replace('.000Z', 'Z')),
      evidence(what), goTo(place)));
  }
  return parts;
}

// --- process tree -----------------------------------------------------------------------

// The selected processes and those above them, each with its depth, parents first. A parent that
// is no subject of the report is told by its number.
function family(found) {
  const nodes = processes();
  const wanted = new Set();
  for (const place of found) {
    let node = nodes.get(place);
    while (node !== undefined && !wanted.has(node)) {
      wanted.add(node);
      node = node.above;
    }
  }
  return laidOut(wanted);
}

// By their place: the processes that were seen, or that a log told of, and who started whom. That
// is known by numbers on a live box, and by links in logs, where a number says little.
function processes() {
  const nodes = new Map();
  const byPid = new Map();
  const node = (place, pid, parent) => ({ place, pid, parent, above: undefined, children: [] });
  // A process that was seen counts before one of the same number that a log told of.
  for (const live of [true, false]) {
    data.subjects.forEach(({ kind, pids: [pid, parent] }, place) => {
      const fits = pid !== null && parent !== null && !byPid.has(pid);
      if (!fits || (kind === 'process') !== live) return;
      byPid.set(pid, node(place, pid, parent));
      nodes.set(place, byPid.get(pid));
    });
  }
  for (const each of nodes.values()) {
    if (each.parent !== each.pid) each.above = byPid.get(each.parent);
  }
  data.subjects.forEach(({ links }, place) => started(links, place, nodes, node));
  return nodes;
}

function started(links, place, nodes, node) {
  const by = links.find(({ relation }) => relation.endsWith(' started by'));
  const above = by === undefined ? undefined : places.get(by.subject);
  if (above === undefined || above === place) return;
  for (const each of [above, place]) {
    if (!nodes.has(each)) nodes.set(each, node(each, null, null));
  }
  if (nodes.get(place).above === undefined) nodes.get(place).above = nodes.get(above);
}

// Without recursion, and each node once: forged facts may make circles.
function laidOut(wanted) {
  const roots = new Map();
  const nodes = [...wanted].sort((a, b) => a.pid - b.pid || a.place - b.place);
  for (const node of nodes) {
    if (node.above) node.above.children.push(node);
    else roots.set(node.parent, [...(roots.get(node.parent) || []), node]);
  }
  const rows = [];
  const told = new Set();
  const walk = (first, depth) => {
    const stack = [[first, depth]];
    while (stack.length) {
      const [node, level] = stack.pop();
      if (told.has(node)) continue;
      told.add(node);
      rows.push({ ...node, depth: level });
      for (const child of node.children.reverse()) stack.push([child, level + 1]);
    }
  };
  for (const [pid, children] of roots) {
    if (pid !== null) rows.push({ pid, depth: 0 });
    for (const child of children) walk(child, pid === null ? 0 : 1);
  }
  for (const node of nodes) walk(node, 0);
  return rows;
}

function fillTree(rows) {
  const list = make('ul', 'family');
  for (const { place, pid, depth } of rows) {
    const item = place === undefined ? make('li', '', make('span', 'soft',
      `pid ${pid}, not a subject of this report`)) : make('li', '', goTo(place));
    // A style set by the script itself is not markup's: the policy has nothing against it.
    item.style.setProperty('--depth', Math.min(depth, 24));
    list.append(item);
  }
  return rows.length ? [list] : [];
}
