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
  return [...counts].sort((a, b) => natural.compare(a[0], b[0]));
}

function severityButton(severity) {
  const count = data.subjects.filter(
    (each) => each.severity === severity.name && each.benign === null).length;
  const element = button('', () => {
    const chosen = new Set(state.severity);
    if (!chosen.delete(severity.name)) chosen.add(severity.name);
    change({ severity: chosen });
  });
  element.append(make('span', `sign ${severity.name}`, severity.sign),
    ` ${severity.name} ${count.toLocaleString('en')}`);
  element.dataset.severity = severity.name;
  return element;
}

function techniqueButton({ id, name, count }) {
  const element = button('', () => change({ technique: state.technique === id ? '' : id }), 'ev');
  element.append(make('span', 'soft', short(id, 40)), make('span', '', name),
    make('span', 'count', count.toLocaleString('en')));
  element.dataset.technique = id;
  return element;
}

// A list of what the subjects have one of; there is nothing to choose where all have the same.
function choice(name) {
  const counts = tally(data.subjects.map((each) => each[name]).filter(Boolean));
  options(byName(name), [['', `every ${name}`],
    ...counts.map(([value, n]) => [value, `${short(value, 40)} (${n.toLocaleString('en')})`])]);
  byName(name).hidden = counts.length < 2;
}

// One column for each tactic. Where the screen is narrow the strip waits to be opened.
function attack() {
  for (const { name, techniques } of data.tactics) {
    byName('techniques').append(make('div', '', make('h3', '', name),
      ...techniques.map(techniqueButton)));
  }
  byName('attack').hidden = !data.tactics.length;
  byName('attack').open = window.innerWidth > 640;
}

function viewButton([name, view]) {
  const element = button(view.title, () => change({ view: name }));
  element.dataset.view = name;
  return element;
}

function control() {
  byName('severities').append(...data.severities.map(severityButton));
  byName('views').append(...Object.entries(VIEWS).map(viewButton));
  attack();
  CHOICES.forEach(choice);
  options(byName('show'), [['findings', 'to decide'],
    ...data.settled.filter(({ word }) => data.subjects.some(SHOWS[word]))
      .map(({ word }) => [word, `only ${word}`]), ['all', 'all']]);
  for (const name of ['q', 'time']) {
    let waiting = 0;
    byName(name).addEventListener('input', () => {
      clearTimeout(waiting); // one search when the typing pauses
      waiting = setTimeout(() => change({ [name]: byName(name).value }), 150);
    });
  }
  for (const name of [...CHOICES, 'sort', 'show']) {
    byName(name).addEventListener('change', () => change({ [name]: byName(name).value }));
  }
  byName('reset').addEventListener('click', () => change(EVERYTHING()));
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

function reflect() {
  for (const element of document.querySelectorAll('[data-severity]')) {
    element.setAttribute('aria-pressed', state.severity.has(element.dataset.severity));
  }
  for (const element of document.querySelectorAll('[data-technique]')) {
    element.setAttribute('aria-pressed', state.technique === element.dataset.technique);
  }
  for (const element of document.querySelectorAll('[data-view]')) {
    element.setAttribute('aria-pressed', state.view === element.dataset.view);
  }
  if (byName('q').value !== state.q) byName('q').value = state.q;
  if (byName('time').value !== state.time) byName('time').value = state.time;
  for (const name of [...CHOICES, 'sort', 'show']) byName(name).value = state[name];
}

// --- start ------------------------------------------------------------------------------

// As many subjects as can be printed, each with all that is known; their times after them.
function forPrint(on) {
  printing = on;
  show();
  if (!on) return;
  const found = selected();
  const left = found.length - PRINTED.size;
  if (left > 0) byName('list').append(make('p', '', `${left} more are not printed.`));
  const times = moments(found).slice(0, PRINTED.size);
  if (times.length) byName('list').append(make('h2', '', 'Timeline'), ...days(times));
  byName('attack').open = true;
  for (const each of document.querySelectorAll('#gaps details')) each.open = true;
}

// A link from the top of the page names a story; any other fragment is a state of the view.
function arrive() {
  const story = /^#story=(\d+)$/.exec(location.hash);
  const place = story ? data.subjects.findIndex(({ label }) => label === story[1]) : -1;
  if (place < 0) readState();
  if (place < 0) show();
  else reveal(place);
}

window.addEventListener('hashchange', () => {
  if (location.hash === '' || location.hash.includes('=')) arrive(); // others jump within the page
});
window.addEventListener('beforeprint', () => forPrint(true));
window.addEventListener('afterprint', () => forPrint(false));
byName('app').hidden = false;
readState();
control();
arrive();
