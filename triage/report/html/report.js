'use strict';
// Shows the subjects of the data block. Every text of the evidence goes through textContent:
// nothing here makes markup, a link, a style or code from a string. State lives in the URL's
// fragment (#severity=high,critical&technique=T1620&kind=process&q=...), so a view can be shared.

const data = JSON.parse(document.getElementById('data').textContent);
const PAGE = 50;
const LONG = 600;
const PRINTED = 1000;
const TREE = 2000;
const byName = (id) => document.getElementById(id);
const places = new Map();
data.subjects.forEach((subject, place) => {
  if (!places.has(subject.id)) places.set(subject.id, place);
});

// --- small builders ---------------------------------------------------------------------

// Nothing shown may be clicked or resolved by accident.
function defanged(clue) {
  if (!["url", "domain", "ip", "email"].includes(clue.kind)) return clue.value;
  return clue.value.replace(/^http/i, "hxxp").replaceAll(".", "[.]");
}

function make(tag, classes, ...children) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.append(...children); // strings become text nodes
  return element;
}

// A long text shows its beginning and a button for the rest: nobody reads 10 KB in a list, and a
// browser needs seconds to break a word of that length into lines.
function evidence(text, tag = 'span') {
  if (text.length <= LONG + 200) return make(tag, 'ev', text);
  const whole = button(`… show all ${text.length.toLocaleString('en')} characters`,
    (event) => event.target.parentElement.replaceChildren(text), 'screen');
  return make(tag, 'ev', short(text, LONG), ' ', whole);
}

// Never cuts a character outside the basic plane in half.
const short = (text, most = 120) => (text.length <= most ? text
  : text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '') + '…');

function button(text, action, classes = '') {
  const element = make('button', classes, text);
  element.type = 'button';
  element.addEventListener('click', action);
  return element;
}

function pairs(entries) {
  const list = make('dl', 'mono');
  for (const [name, value] of entries) list.append(evidence(name, 'dt'), evidence(value, 'dd'));
  return list;
}

function words(value) {
  if (value === null) return 'not known';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

// --- state <-> fragment -----------------------------------------------------------------

const state = {};

function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  state.q = given.get('q') || '';
  state.severity = new Set((given.get('severity') || '').split(',').filter(Boolean));
  state.technique = given.get('technique') || '';
  state.kind = given.get('kind') || '';
  state.sort = given.get('sort') in SORTS ? given.get('sort') : 'story';
  state.show = given.get('show') in SHOWS ? given.get('show') : 'findings';
  state.page = Math.max(1, parseInt(given.get('page'), 10) || 1);
  state.open = given.get('open') || '';
}

function writeState() {
  const kept = new URLSearchParams();
  if (state.q) kept.set('q', state.q);
  if (state.severity.size) kept.set('severity', [...state.severity].join(','));
  if (state.technique) kept.set('technique', state.technique);
  if (state.kind) kept.set('kind', state.kind);
  if (state.sort !== 'story') kept.set('sort', state.sort);
  if (state.show !== 'findings') kept.set('show', state.show);
  if (state.page > 1) kept.set('page', state.page);
  if (state.open) kept.set('open', state.open);
  history.replaceState(null, '', '#' + kept);
}

function change(changes) {
  Object.assign(state, { page: 1, open: '' }, changes);
  writeState();
  show();
}

// --- filter and sort ----------------------------------------------------------------------

const start = (subject) => String(subject.facts.start_time || '');
const byText = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
// Object.create(null): a name from the fragment must not find an inherited property.
const SORTS = Object.assign(Object.create(null), {
  story: null, // the order of the data: stories, the worst first
  score: (a, b) => b.score - a.score,
  title: (a, b) => byText(a.title, b.title),
  kind: (a, b) => byText(a.kind, b.kind),
  newest: (a, b) => byText(start(b), start(a)),
});
const SHOWS = Object.assign(Object.create(null), {
  findings: (subject) => subject.benign === null,
  benign: (subject) => subject.benign !== null,
  all: () => true,
});
const haystacks = [];

function haystack(place) {
  if (haystacks[place] === undefined) {
    const { id, kind, title, location: where, facts, findings, explanation, content } =
      data.subjects[place];
    haystacks[place] = JSON.stringify(
      [id, kind, title, where, facts, findings, explanation, content]).toLowerCase();
  }
  return haystacks[place];
}

function matches(place, needles) {
  const subject = data.subjects[place];
  if (!SHOWS[state.show](subject)) return false;
  if (state.severity.size && !state.severity.has(subject.severity)) return false;
  if (state.kind && subject.kind !== state.kind) return false;
  if (state.technique &&
      !subject.findings.some((each) => each.techniques.includes(state.technique))) return false;
  return needles.every((needle) => haystack(place).includes(needle));
}

function selected() {
  // As JSON writes it, so that a quote or backslash is found in the haystack.
  const needles = state.q.toLowerCase().split(/\s+/).filter(Boolean)
    .map((word) => JSON.stringify(word).slice(1, -1));
  const found = [];
  for (let place = 0; place < data.subjects.length; place++) {
    if (matches(place, needles)) found.push(place);
  }
  const order = SORTS[state.sort];
  if (order) found.sort((a, b) => order(data.subjects[a], data.subjects[b]) || a - b);
  return found;
}

// --- one subject ------------------------------------------------------------------------

function badge(severity, text, benign) {
  return make('span', 'badge ' + (benign ? 'benign' : severity), text);
}

function subjectBadge(subject) {
  return badge(subject.severity, subject.badge, subject.benign !== null);
}

function article(place) {
  const subject = data.subjects[place];
  const tied = state.sort === 'story' && subject.tie !== '';
  const element = make('article', `subject ${subject.benign ? 'benign' : subject.severity}` +
    (tied ? ' tied' : ''));
  element.dataset.id = subject.id;
  element.append(make('h3', '', make('span', 'label', subject.label), ' ',
    subjectBadge(subject), ' ', evidence(subject.title)));
  if (subject.tie) element.append(make('p', 'soft', evidence(subject.tie)));
  element.append(make('ul', 'why', ...subject.why.map((line) => evidence(line, 'li'))));
  if (subject.check) {
    element.append(make('p', 'check', 'Check by hand: ', evidence(subject.check, 'code')));
  }
  if (subject.benign) {
    element.append(make('p', '', 'Judged benign: ',
      evidence(`${subject.benign.reason} (${subject.benign.source})`)));
  }
  element.append(more(subject));
  return element;
}

function more(subject) {
  const element = make('details', '', make('summary', '', 'All that is known'));
  element.addEventListener('toggle', () => element.open && fill(element, subject));
  if (printing || state.open === subject.id) {
    element.open = true;
    fill(element, subject);
  }
  return element;
}

function fill(element, subject) {
  if (element.dataset.filled) return;
  element.dataset.filled = 'yes';
  element.append(
    ...subject.findings.map(finding),
    make('h4', '', 'Why this score'),
    make('ul', '', ...subject.explanation.map((line) => evidence(line, 'li'))),
    make('h4', '', 'Facts'),
    pairs([['subject', subject.id], ['where', where(subject.location)],
      ...Object.entries(subject.facts).map(([name, value]) => [name, words(value)])]));
  if (subject.links.length) {
    element.append(make('h4', '', 'Linked with'), make('ul', '', ...subject.links.map(link)));
  }
  if (subject.content) element.append(...content(subject.content));
}

const where = (place) => (place.inside ? `${place.path} [${place.inside}]` : place.path);

function finding(each) {
  const about = [each.indicator, each.confidence + ' evidence', ...each.techniques];
  if (each.attested) about.push('covered by a benign explanation');
  const element = make('div', 'finding',
    make('p', '', badge(each.severity, each.badge, false), ' ', evidence(each.title, 'strong')),
    make('p', 'soft', evidence(about.join(' · '))),
    make('ul', '', ...each.evidence.map((line) => evidence(line, 'li'))));
  if (each.verify) {
    element.append(make('p', 'check', 'Check by hand: ', evidence(each.verify, 'code')));
  }
  return element;
}

function link(tie) {
  const place = places.get(tie.subject);
  if (place === undefined) return make('li', '', evidence(`${tie.relation} ${tie.subject}`));
  const other = data.subjects[place];
  return make('li', '', evidence(tie.relation), ' ',
    button(`${other.badge} ${short(other.title)}`, () => reveal(place), 'ev'));
}

function reveal(place) {
  const subject = data.subjects[place];
  Object.assign(state, { q: '', severity: new Set(), technique: '', kind: '', sort: 'story',
    show: 'all', open: subject.id });
  state.page = 1 + Math.floor(selected().indexOf(place) / PAGE);
  writeState();
  show();
  for (const element of byName('list').children) {
    if (element.dataset.id === subject.id) {
      element.scrollIntoView();
      element.querySelector('summary').focus();
    }
  }
}

// --- content ----------------------------------------------------------------------------

function content(found) {
  const facts = [['kind', found.kind + (found.detail ? ', ' + found.detail : '')],
    ['size', `${found.size.toLocaleString('en')} bytes, ` +
      `${found.examined.toLocaleString('en')} examined`],
    ['sha256', words(found.sha256)]];
  if (found.entropy !== null) {
    const error = found.entropy_error === null ? '' : ` ± ${found.entropy_error}`;
    facts.push(['entropy', `${found.entropy}${error} of 8 bits per byte`]);
  }
  if (found.traits.length) facts.push(['traits', found.traits.join(', ')]);
  if (found.limit) facts.push(['stopped at the limit', found.limit]);
  const parts = [make('h4', '', 'Content'), pairs(facts)];
  if (found.layers.length) parts.push(make('h4', '', 'Unwrapped'), layers(found.layers));
  if (found.clues.length) {
    parts.push(make('h4', '', 'Found inside'),
      pairs(found.clues.map((clue) => [`${clue.kind}, layer ${clue.layer}`, defanged(clue)])));
  }
  if (found.head) parts.push(make('h4', '', 'First bytes'), make('pre', '', hexView(found.head)));
  return parts;
}

function layers(all) {
  const list = make('ol', '');
  list.start = 0;
  for (const layer of all) {
    const from = layer.parent === null ? '' : `from layer ${layer.parent} at ${layer.offset}`;
    const step = layer.step ? ` by ${layer.step}` : '';
    const text = [layer.kind, layer.detail, `${layer.size.toLocaleString('en')} bytes`,
      (from + step).trim(), layer.traits.join(', '), layer.sha256 ? `sha256 ${layer.sha256}` : ''];
    list.append(evidence(text.filter(Boolean).join(', '), 'li'));
  }
  return list;
}

function hexView(hex) {
  const bytes = (hex.match(/../g) || []).map((pair) => parseInt(pair, 16));
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.slice(at, at + 16);
    const numbers = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ').padEnd(47);
    const text = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : '·'));
    lines.push(`${at.toString(16).padStart(4, '0')}  ${numbers}  ${text.join('')}`);
  }
  return lines.join('\n');
}

// --- the list ---------------------------------------------------------------------------

let printing = false;

function show() {
  const found = selected();
  const size = printing ? PRINTED : PAGE;
  const pages = Math.max(1, Math.ceil(found.length / size));
  const page = printing ? 1 : Math.min(state.page, pages);
  const first = (page - 1) * size;
  const shown = found.slice(first, first + size);
  byName('list').replaceChildren(...shown.map(article));
  if (!shown.length) byName('list').append(make('p', 'soft', 'No subject matches.'));
  const range = shown.length ? `${(first + 1).toLocaleString('en')} to ` +
    `${(first + shown.length).toLocaleString('en')} of ` : '';
  byName('status').textContent = `${range}${found.length.toLocaleString('en')} subjects` +
    (found.length < data.subjects.length ? `, ${data.subjects.length.toLocaleString('en')} in all`
      : '');
  for (const bar of document.querySelectorAll('.pages')) {
    bar.replaceChildren();
    if (pages > 1) bar.append(...pager(page, pages));
  }
  reflect();
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

function reflect() {
  for (const element of document.querySelectorAll('[data-severity]')) {
    element.setAttribute('aria-pressed', state.severity.has(element.dataset.severity));
  }
  for (const element of document.querySelectorAll('[data-technique]')) {
    element.setAttribute('aria-pressed', state.technique === element.dataset.technique);
  }
  if (byName('q').value !== state.q) byName('q').value = state.q;
  for (const name of ['kind', 'sort', 'show']) byName(name).value = state[name];
}

// --- controls ---------------------------------------------------------------------------

function options(select, entries) {
  for (const [value, text] of entries) {
    const element = make('option', '', text);
    element.value = value;
    select.append(element);
  }
}

function tally(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  return [...counts].sort((a, b) => byText(a[0], b[0]));
}

function severityButton(severity) {
  const count = data.subjects.filter(
    (each) => each.severity === severity.name && each.benign === null).length;
  const element = button(`${severity.sign} ${severity.name} ${count.toLocaleString('en')}`, () => {
    const chosen = new Set(state.severity);
    if (!chosen.delete(severity.name)) chosen.add(severity.name);
    change({ severity: chosen });
  });
  element.dataset.severity = severity.name;
  return element;
}

function techniqueButton([technique, count]) {
  const element = button(`${short(technique, 40)} ${count.toLocaleString('en')}`,
    () => change({ technique: state.technique === technique ? '' : technique }), 'ev');
  element.dataset.technique = technique;
  return element;
}

function control() {
  byName('severities').append(...data.severities.map(severityButton));
  byName('techniques').append(...Object.entries(data.summary.by_technique).map(techniqueButton));
  options(byName('kind'), [['', 'every kind'],
    ...tally(data.subjects.map((each) => each.kind)).map(([kind, n]) => [kind, `${short(kind, 40)} (${n})`])]);
  let waiting = 0;
  byName('q').addEventListener('input', () => {
    clearTimeout(waiting); // one search when the typing pauses
    waiting = setTimeout(() => change({ q: byName('q').value }), 150);
  });
  for (const name of ['kind', 'sort', 'show']) {
    byName(name).addEventListener('change', () => change({ [name]: byName(name).value }));
  }
  byName('reset').addEventListener('click', () => change({ q: '', severity: new Set(),
    technique: '', kind: '', sort: 'story', show: 'findings' }));
  document.addEventListener('keydown', press);
}

function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === 'Escape' && typing) event.target.blur();
  if (typing) return;
  if (event.key === '/') {
    event.preventDefault();
    byName('q').focus();
  } else if (event.key === 'j' || event.key === 'k') {
    step(event.key === 'j' ? 1 : -1);
  }
}

function step(by) {
  const all = [...byName('list').querySelectorAll('article')];
  const here = all.findIndex((each) => each.contains(document.activeElement));
  const next = all[here < 0 ? 0 : here + by];
  if (!next) return;
  next.querySelector('summary').focus();
  next.scrollIntoView({ block: 'center' });
}

// --- process tree -----------------------------------------------------------------------

function family() {
  const byPid = new Map();
  data.subjects.forEach((subject, place) => {
    const pid = subject.facts.pid;
    if (subject.kind === 'process' && Number.isInteger(pid) && !byPid.has(pid)) {
      byPid.set(pid, { place, parent: subject.facts.ppid, children: [] });
    }
  });
  const roots = [];
  for (const [pid, node] of byPid) {
    const parent = node.parent === pid ? undefined : byPid.get(node.parent);
    (parent ? parent.children : roots).push(node);
  }
  return roots;
}

function branch(nodes, seen) {
  const list = make('ul', '');
  for (const node of nodes) {
    if (seen.size >= TREE) break;
    if (seen.has(node)) continue;
    seen.add(node);
    const subject = data.subjects[node.place];
    const item = make('li', '', button(`${subject.badge} ${short(subject.title)}`,
      () => reveal(node.place), 'ev'));
    if (node.children.length && seen.size < TREE) item.append(branch(node.children, seen));
    list.append(item);
  }
  return list;
}

function tree() {
  const element = byName('tree');
  const roots = family();
  if (!roots.some((node) => node.children.length)) return;
  element.hidden = false;
  element.addEventListener('toggle', () => {
    if (!element.open || element.dataset.filled) return;
    element.dataset.filled = 'yes';
    const seen = new Set();
    element.append(branch(roots.slice().sort((a, b) => a.place - b.place), seen));
    if (seen.size >= TREE) element.append(make('p', 'soft', `Only ${TREE} are shown.`));
  });
}

// --- start ------------------------------------------------------------------------------

function forPrint(on) {
  printing = on; // as many as can be printed, each with all that is known
  show();
  const left = selected().length - PRINTED;
  if (on && left > 0) byName('list').append(make('p', '', `${left} more are not printed.`));
}

window.addEventListener('hashchange', () => {
  if (location.hash !== '' && !location.hash.includes('=')) return; // a jump within the page
  readState();
  show();
});
window.addEventListener('beforeprint', () => forPrint(true));
window.addEventListener('afterprint', () => forPrint(false));
byName('app').hidden = false;
readState();
control();
tree();
show();
