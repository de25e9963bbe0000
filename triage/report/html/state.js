'use strict';
// Shows the subjects of the data block. Every text of the evidence goes through textContent:
// nothing here makes markup, a link, a style or code from a string. State lives in the URL's
// fragment (#severity=high,critical&technique=T1620&kind=process&q=...), so a view can be shared.

const data = JSON.parse(document.getElementById('data').textContent);
const LONG = 600;
const byName = (id) => document.getElementById(id);
const places = new Map();
data.subjects.forEach((subject, place) => {
  if (!places.has(subject.id)) places.set(subject.id, place);
});

// --- small builders ---------------------------------------------------------------------

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
// What a subject has one of: each is a field of its data and a list to choose from.
const CHOICES = ['kind', 'collector', 'host'];

function readState() {
  const given = new URLSearchParams(location.hash.slice(1));
  state.q = given.get('q') || '';
  state.severity = new Set((given.get('severity') || '').split(',').filter(Boolean));
  state.technique = given.get('technique') || '';
  for (const name of CHOICES) state[name] = given.get(name) || '';
  state.time = given.get('time') || '';
  state.view = given.get('view') in VIEWS ? given.get('view') : 'list';
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
  for (const name of CHOICES) if (state[name]) kept.set(name, state[name]);
  if (state.time) kept.set('time', state.time);
  if (state.view !== 'list') kept.set('view', state.view);
  if (state.sort !== 'story') kept.set('sort', state.sort);
  if (state.show !== 'findings') kept.set('show', state.show);
  if (state.page > 1) kept.set('page', state.page);
  if (state.open) kept.set('open', state.open);
  history.replaceState(null, '', '#' + kept);
}

// A new object each time: the set in it is changed by who takes it.
const EVERYTHING = () => ({ q: '', severity: new Set(), technique: '', kind: '', collector: '',
  host: '', time: '', view: 'list', sort: 'story', show: 'findings' });

function change(changes) {
  Object.assign(state, { page: 1, open: '' }, changes);
  writeState();
  show();
}

// --- filter and sort ----------------------------------------------------------------------

const latest = (subject) => subject.times.reduce((last, [time]) => (time > last ? time : last), '');
// pid 9 comes before pid 10; the same order wherever the page is opened.
const natural = new Intl.Collator('en', { numeric: true });
const byText = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
// Object.create(null): a name from the fragment must not find an inherited property.
const SORTS = Object.assign(Object.create(null), {
  story: null, // the order of the data: stories, the worst first
  score: (a, b) => b.score - a.score,
  title: (a, b) => natural.compare(a.title, b.title),
  kind: (a, b) => byText(a.kind, b.kind),
  newest: (a, b) => byText(latest(b), latest(a)),
});
const SHOWS = Object.assign(Object.create(null), {
  findings: (subject) => subject.benign === null,
  all: () => true,
});
for (const { by, word } of data.settled) {
  SHOWS[word] = (subject) => subject.benign !== null && subject.benign.by === by;
}
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
  if (!CHOICES.every((name) => !state[name] || subject[name] === state[name])) return false;
  if (state.time && !subject.times.some(([time]) => time.startsWith(state.time))) return false;
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
