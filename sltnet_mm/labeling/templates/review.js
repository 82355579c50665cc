'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const byId = (id) => document.getElementById(id);
const stage = byId('stage'), picture = stage.querySelector('img'), grid = byId('grid');
const store = 'sltnet-review-' + data.run;
const names = { agreement: 'localizer and regressor agree', mirror: 'mirror image agrees', stability: 'thresholds agree', label: 'label is clear' };
let decisions = load(), shown = [], current = null, drag = null;

function load() {
  try { return JSON.parse(localStorage.getItem(store)) || {}; } catch (error) { return {}; }
}
function keepDecisions() {
  try { localStorage.setItem(store, JSON.stringify(decisions)); } catch (error) { /* a private window: the file is saved by hand */ }
}
function stateOf(item) { return (decisions[item.image] || {}).state || 'open'; }
function boxOf(item) { return (decisions[item.image] || {}).box || item.box; }

function place(element, item) {
  const box = boxOf(item), [width, height] = item.size;
  element.className = 'box ' + stateOf(item);
  element.hidden = !box;
  if (!box) return;
  element.style.left = 100 * box[0] / width + '%';
  element.style.top = 100 * box[1] / height + '%';
  element.style.width = 100 * (box[2] - box[0]) / width + '%';
  element.style.height = 100 * (box[3] - box[1]) / height + '%';
}

function tileOf(item) {
  const tile = document.createElement('button');
  tile.className = 'tile'; tile.type = 'button'; tile.title = item.image;
  const frame = document.createElement('span'), image = document.createElement('img'), box = document.createElement('span');
  frame.className = 'frame'; image.src = item.url; image.loading = 'lazy'; image.alt = item.image;
  image.width = item.thumb[0]; image.height = item.thumb[1]; image.style.height = 'auto';
  frame.append(image, box);
  const line = document.createElement('small'), label = document.createElement('b'), doubt = document.createElement('span');
  label.textContent = data.classes[item.label]; doubt.textContent = 'doubt ' + item.doubt.toFixed(2);
  line.append(label, doubt);
  tile.append(frame, line);
  tile.addEventListener('click', () => choose(item));
  item.tile = tile; item.frame = box;
  return tile;
}

function paint(item) {
  item.tile.className = 'tile ' + stateOf(item) + (item === current ? ' current' : '');
  place(item.frame, item);
}

function counts() {
  const tally = { keep: 0, drop: 0, redraw: 0, open: 0 };
  for (const item of data.items) tally[stateOf(item)] += 1;
  byId('counts').textContent = `${data.items.length} photographs: ${tally.keep} kept, ${tally.redraw} redrawn, ` +
    `${tally.drop} dropped, ${tally.open} not reviewed`;
}

function list() {
  const label = byId('class').value, state = byId('state').value, order = byId('order').value;
  shown = data.items.filter((item) => (label === '' || item.label === Number(label)) && (state === '' || stateOf(item) === state));
  const by = { doubt: (a, b) => b.doubt - a.doubt, sure: (a, b) => a.doubt - b.doubt, name: (a, b) => (a.image < b.image ? -1 : 1) };
  shown.sort(by[order]);
  grid.replaceChildren(...shown.map((item) => item.tile));
  if (!shown.length) {
    const empty = document.createElement('p');
    empty.className = 'empty'; empty.textContent = 'No photograph here.';
    grid.append(empty);
  }
  if (!shown.includes(current)) choose(shown[0] || null);
}

const large = document.createElement('span');
stage.append(large);

function choose(item) {
  const before = current;
  current = item;
  if (before) paint(before);
  byId('one').style.visibility = item ? 'visible' : 'hidden';
  if (!item) return;
  paint(item);
  item.tile.scrollIntoView({ block: 'nearest' });
  picture.src = item.url;
  fit();
  show();
}

function fit() {  // as large as the room beside the grid allows, small images at most three times as large
  if (!current) return;
  const [width, height] = current.size, room = byId('one').clientWidth - 32;
  const scale = Math.min(3, room / width, Math.max(160, window.innerHeight - 330) / height);
  picture.style.width = scale * width + 'px';
  picture.style.height = scale * height + 'px';
}
window.addEventListener('resize', fit);

function show() {
  place(large, current);
  const facts = byId('facts');
  facts.replaceChildren();
  const name = document.createElement('div'), box = boxOf(current), text = document.createElement('div');
  name.className = 'name'; name.textContent = current.image;
  const words = { open: 'not reviewed', keep: 'kept', drop: 'dropped', redraw: 'redrawn' };
  text.textContent = `${data.classes[current.label]}, ${words[stateOf(current)]}, doubt ${current.doubt.toFixed(2)}` +
    (box ? `, box ${box.map((v) => Math.round(v)).join(', ')} of ${current.size.join(' x ')}` : ', no box');
  const bars = document.createElement('div');
  bars.className = 'bars';
  for (const key of Object.keys(names).filter((each) => each in current.signals)) {
    const value = current.signals[key];
    const what = document.createElement('span'), track = document.createElement('span'), bar = document.createElement('i');
    const number = document.createElement('span');
    what.textContent = names[key]; track.className = 'track'; bar.style.width = 100 * value + '%';
    number.textContent = value.toFixed(2);
    track.append(bar); bars.append(what, track, number);
  }
  facts.append(name, text, bars);
}

function decide(state, box) {
  if (!current) return;
  if (state === 'open') delete decisions[current.image];
  else decisions[current.image] = box ? { state, box } : { state };
  keepDecisions(); counts(); paint(current); show();
}

function step(by) {
  if (!shown.length) return;
  const at = shown.indexOf(current);
  choose(shown[Math.min(shown.length - 1, Math.max(0, at + by))]);
}

const actions = {
  keep() {
    const redrawn = stateOf(current) === 'redraw';  // a redrawn box is kept as redrawn
    if (!redrawn && boxOf(current)) decide('keep');
    step(1);
  },
  drop() { decide('drop'); step(1); },
  undo() { decide('open'); },
  next() { step(1); },
  previous() { step(-1); },
  save() {
    const review = { format: 'sltnet-review', version: 1, run: data.run, decisions };
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([JSON.stringify(review, null, 1)], { type: 'application/json' }));
    link.download = 'review.json';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  },
};
const keys = { k: 'keep', d: 'drop', u: 'undo', s: 'save', ArrowRight: 'next', ArrowLeft: 'previous', ArrowDown: 'next', ArrowUp: 'previous' };

document.addEventListener('keydown', (event) => {
  const action = keys[event.key];
  if (!action || event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === 'SELECT') return;
  if (!current && action !== 'save') return;
  event.preventDefault();
  actions[action]();
});
for (const button of document.querySelectorAll('[data-do]')) {
  button.addEventListener('click', () => { if (current) actions[button.dataset.do](); button.blur(); });
}
byId('save').addEventListener('click', () => actions.save());
for (const id of ['class', 'state', 'order']) byId(id).addEventListener('change', (event) => { list(); event.target.blur(); });

function point(event) {
  const frame = picture.getBoundingClientRect(), [width, height] = current.size;
  const clip = (value, most) => Math.min(most, Math.max(0, value));
  return [clip((event.clientX - frame.left) / frame.width * width, width), clip((event.clientY - frame.top) / frame.height * height, height)];
}
function dragged(event) {
  const [x, y] = point(event);
  return [Math.min(drag[0], x), Math.min(drag[1], y), Math.max(drag[0], x), Math.max(drag[1], y)].map((v) => Math.round(100 * v) / 100);
}
stage.addEventListener('pointerdown', (event) => {
  if (!current || event.button !== 0) return;
  drag = point(event);
  stage.setPointerCapture(event.pointerId);
});
stage.addEventListener('pointermove', (event) => {
  if (!drag) return;
  const kept = decisions[current.image];
  decisions[current.image] = { state: 'redraw', box: dragged(event) };
  place(large, current);
  if (kept) decisions[current.image] = kept; else delete decisions[current.image];
});
stage.addEventListener('pointerup', (event) => {
  if (!drag) return;
  const box = dragged(event);
  drag = null;
  // A click, or a stroke without an area, is no box.
  if (box[2] - box[0] >= 2 && box[3] - box[1] >= 2) decide('redraw', box); else show();
});
stage.addEventListener('pointercancel', () => { drag = null; if (current) show(); });

for (const [number, name] of data.classes.entries()) {
  const option = document.createElement('option');
  option.value = number; option.textContent = name;
  byId('class').append(option);
}
for (const item of data.items) { tileOf(item); }
counts();
list();
for (const item of data.items) paint(item);
