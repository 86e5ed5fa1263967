// Lays out the wall. The page's query has the view, so that people can pass it on; without one, the browser remembers it.
'use strict';

const gap = 6; // px between tiles
const leastWidth = 120; // px of a tile; a wall of smaller ones scrolls
const mostSmall = 9; // tiles around a large one, likewise
const bar = document.querySelector('.tools'), tools = bar.elements;
const stored = (key) => { try { return localStorage[key] ?? ''; } catch { return ''; } };
const store = (key, text) => { try { localStorage[key] = text; } catch { /* the browser stores nothing */ } };

const given = new URLSearchParams(location.search);
given.delete('lang'); // which a cookie keeps
const view = `${given}` ? given : new URLSearchParams(stored('wall'));
const seen = (key) => view.get(key) ?? '';
let groups = JSON.parse(wall.dataset.groups);
let columns = 1;
let large = ''; // the camera in the large tile
let cycling = 0; // a timer
let awake = Promise.resolve(); // for the wake lock, if there is one

// change changes keys of the view; null removes one. The browser remembers the view unless it is passing.
function change(keys, passing) {
  for (const [key, value] of Object.entries(keys)) value === null ? view.delete(key) : view.set(key, value);
  lay();
  if (passing) return;
  history.replaceState(null, '', `?${view}`.replace(/^\?$/, location.pathname));
  for (const link of document.querySelectorAll('.languages a')) link.search = new URLSearchParams([...view, ['lang', link.hreflang]]);
  const kept = new URLSearchParams(view);
  kept.delete('kiosk');
  store('wall', kept);
}

// arrange puts cameras into the order of the view, those that it does not name last.
arrange = (all) => {
  const order = seen('order').split(','), rank = ({ id }) => (order.indexOf(id) + 1 || order.length + 1);
  return [...all].sort((a, b) => rank(a) - rank(b));
};

const ids = () => [...wall.children].map(({ dataset }) => dataset.camera);
const visible = () => [...wall.children].filter((tile) => !tile.hidden);
function members() {
  const group = groups.find(({ name }) => name === seen('group'));
  return ids().filter((id) => !group || group.cameras.includes(id));
}

// lay makes the wall as the view says.
function lay() {
  arrange([...tiles.values()]).forEach(({ element }, i) => { if (wall.children[i] !== element) wall.insertBefore(element, wall.children[i]); });
  const all = members(), kind = seen('layout');
  large = !kind ? '' : all.includes(seen('large')) ? seen('large') : all[0];
  for (const tile of tiles.values()) {
    tile.large = tile.id === large;
    if (!tile.large) tile.enlarge(1, 0, 0);
    tile.element.classList.toggle('large', tile.large);
    tile.element.hidden = !all.includes(tile.id) || kind === 'one' && !tile.large;
  }
  tools.group.hidden = !groups.length;
  tools.group.replaceChildren(tools.group[0], ...groups.map(({ name }) => new Option(name)));
  for (const name of ['layout', 'group', 'cycle']) tools[name].value = seen(name);
  document.body.classList.toggle('kiosk', view.has('kiosk'));
  clearInterval(cycling);
  if (seen('cycle') > 0) cycling = setInterval(cycle, Math.max(seen('cycle'), 1) * 1000);
  wake();
  place();
  for (const tile of tiles.values()) tile.request();
}

// place gives the cells the size in which the pictures fill most of the screen.
function place() {
  const aspects = visible().map(({ dataset }) => {
    const { width, height } = cameras.find(({ id }) => id === dataset.camera) ?? {};
    return width / height || 16 / 9;
  });
  const n = aspects.length, { paddingLeft } = getComputedStyle(wall), { top } = wall.getBoundingClientRect();
  const width = wall.clientWidth - 2 * parseFloat(paddingLeft);
  const height = innerHeight - top - scrollY - document.querySelector('footer').offsetHeight - gap;
  const cell = (length, count) => Math.max(1, (length - gap * (count - 1)) / count);
  let best = { area: 0, c: 1, w: 1, h: 1 }, span = 1;
  for (let c = 1; c <= n; c++) {
    const w = cell(width, c), h = cell(height, Math.ceil(n / c));
    const area = aspects.reduce((sum, a) => sum + Math.min(w, h * a) ** 2 / a, 0);
    if (area > best.area) best = { area, c, w, h };
  }
  const scroll = (c) => ({ c, w: cell(width, c), h: Infinity });
  if (seen('layout') === 'large' && n > 1) {
    const c = height > width ? 3 : Math.max(3, Math.ceil(Math.min(n, mostSmall + 1) / 2));
    span = height > width ? c : c - 1;
    best = { ...scroll(c), ...height < width && { h: cell(height, c) } };
  } else if (n > 1 && Math.min(best.w, best.h * aspects[0]) < leastWidth) best = scroll(Math.max(1, Math.floor((width + gap) / (leastWidth + gap))));
  const w = Math.floor(Math.min(best.w, best.h * Math.max(...aspects))), h = Math.floor(Math.min(best.h, w / Math.min(...aspects)));
  wall.dataset.columns = columns = best.c;
  for (const [name, value] of Object.entries({ columns, span, cell: `${w}px`, row: `${h}px` })) wall.style.setProperty(`--${name}`, value);
}

// step makes the next camera the large one, or the previous one.
function step(by, passing) {
  const all = members();
  change({ large: all[(all.indexOf(large) + by + all.length) % all.length] }, passing);
  if (!passing) announce(tiles.get(large).img.alt);
}

// cycle goes to the next camera, or in a grid to the next group.
function cycle() {
  const at = groups.findIndex(({ name }) => name === seen('group'));
  if (document.hidden || dialog.open || tiles.get(large)?.scale > 1) return;
  if (large) step(1, true);
  else if (groups.length) change({ group: groups[(at + 1) % groups.length].name }, true);
}

// move gives a camera the place of another.
function move(id, to) {
  const order = ids(), at = order.indexOf(to), { activeElement } = document;
  if (at < 0 || id === to) return;
  order.splice(order.indexOf(id), 1);
  order.splice(at, 0, id);
  change({ order });
  activeElement.focus(); // which the move has taken away
  announce(t('wall.moved', { camera: tiles.get(id).img.alt, place: at + 1, all: order.length }));
}

// wake keeps the screen on while the wall is a kiosk, fills the screen or cycles.
function wake() {
  awake = awake.then((lock) => {
    const wanted = !document.hidden && (view.has('kiosk') || document.fullscreenElement || seen('cycle') > 0);
    if (!wanted) return lock?.release();
    return lock?.released === false ? lock : navigator.wakeLock?.request('screen');
  }).catch(() => {}); // the browser refuses it
}
