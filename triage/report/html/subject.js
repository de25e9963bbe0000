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
  if (subject.like) element.append(make('p', 'soft', `the same was found of ${subject.like}`));
  if (subject.tie) element.append(make('p', 'soft', evidence(subject.tie)));
  element.append(make('ul', 'why', ...subject.why.map((line) => evidence(line, 'li'))));
  if (subject.check) {
    element.append(make('p', 'check', 'Check by hand: ', evidence(subject.check, 'code')));
  }
  if (subject.benign) {
    element.append(make('p', '', `${settledAs(subject)}: `,
      evidence(`${subject.benign.reason} (${subject.benign.source})`)));
  }
  if (!printing || !subject.like) element.append(more(subject)); // paper tells it once
  return element;
}

// The words of what settled it, as its section is headed.
function settledAs(subject) {
  const found = data.settled.find(({ by }) => by === subject.benign.by);
  return found ? found.heading.split(':')[0] : 'Settled';
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
      ...Object.entries(subject.facts)]));
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
  Object.assign(state, EVERYTHING(), { show: 'all', open: subject.id });
  state.page = 1 + Math.floor(selected().indexOf(place) / VIEWS.list.size);
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
  if (found.profile) parts.push(make('p', 'profile mono', 'entropy  ' + found.profile));
  if (found.layers.length > 1) parts.push(make('h4', '', 'Unwrapped'), layers(found.layers));
  if (found.clues.length) {
    parts.push(make('h4', '', 'Found inside'),
      pairs(found.clues.map((clue) => [`${clue.kind}, layer ${clue.layer}`, clue.defanged])));
  }
  if (found.head) parts.push(make('h4', '', 'First bytes'),
    make('pre', 'hex', hexView(printing ? found.head.slice(0, 256) : found.head)));
  return parts;
}

// Each layer stands inside the one it was unwrapped from.
function layers(all) {
  const lists = [];
  const chain = make('ul', 'chain');
  all.forEach((layer, number) => {
    const item = make('li', '');
    lists[number] = item;
    const parent = layer.parent === null ? undefined : lists[layer.parent];
    if (parent === undefined) chain.append(item);
    else nest(parent).append(item);
    const from = layer.offset ? ` at ${layer.offset.toLocaleString('en')}` : '';
    const step = layer.step ? `by ${layer.step}` : '';
    const got = (step + from).trim();
    if (got) item.append(evidence(`↳ ${got}`, 'span'), ' ');
    item.append(make('span', 'soft', `${number} `), evidence(layer.kind, 'strong'));
    const rest = [layer.detail, `${layer.size.toLocaleString('en')} bytes`,
      layer.traits.join(', '), layer.sha256 ? `sha256 ${layer.sha256}` : ''];
    item.append(', ', evidence(rest.filter(Boolean).join(', ')));
  });
  return chain;
}

// The list inside an item, made when it is first asked for.
function nest(item) {
  const last = item.lastElementChild;
  if (last && last.tagName === 'UL') return last;
  const list = make('ul', '');
  item.append(list);
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
