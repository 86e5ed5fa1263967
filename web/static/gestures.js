// Lets people lay out the wall with keys, buttons, the mouse and fingers.
'use strict';

const least = { drag: 8, swipe: 50 }; // px
let holdTime = 500; // ms; tests on busy machines make it longer
const mostScale = 8; // of the large picture
const dialog = document.querySelector('dialog'), letters = dialog.querySelector('input');
letters.checked = stored('letters') !== 'off';
letters.onchange = () => store('letters', letters.checked ? '' : 'off');

let moving = false; // a click picks a tile, and the next one its place
let picked = null; // the tile that moves
function pick(tile) {
  picked?.classList.remove('picked');
  tile?.classList.add('picked');
  picked = tile;
}

const enlarge = (layout) => change({ layout, large: document.activeElement.dataset.camera ?? seen('large') });
const actions = {
  i: () => { figures = !figures; },
  m: () => {
    moving = !moving;
    pick(null);
    announce(moving ? t('wall.choose') : t('wall.chosen'));
  },
  f: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen?.()),
  k: () => change({ kiosk: view.has('kiosk') ? null : '' }),
  g: () => change({ layout: null }),
  l: () => enlarge('large'),
  o: () => enlarge('one'),
  n: () => large && step(1),
  p: () => large && step(-1),
  c: () => change({ cycle: seen('cycle') ? null : 10 }),
  '?': () => (dialog.open ? dialog.close() : dialog.showModal()),
};
function run(key) {
  actions[key]();
  tools.i.setAttribute('aria-pressed', figures);
  tools.m.setAttribute('aria-pressed', moving);
}
for (const button of document.querySelectorAll('button[name]')) button.onclick = () => run(button.name);
bar.onchange = ({ target }) => change({ [target.name]: target.value || null });

const forward = () => (getComputedStyle(wall).direction === 'rtl' ? -1 : 1); // to the right
addEventListener('keydown', (event) => {
  const { key, target } = event, tile = target.closest('.camera');
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest('select') || dialog.open && key !== '?') return;
  const by = { ArrowLeft: -forward(), ArrowRight: forward(), ArrowUp: -columns, ArrowDown: columns }[key];
  const to = tile ? visible()[visible().indexOf(tile) + by] : target === document.body && visible()[0];
  if (by && seen('layout') === 'one') step(Math.sign(by));
  else if (by && to && tile && event.shiftKey) move(tile.dataset.camera, to.dataset.camera);
  else if (by && to) to.focus();
  else if (key === 'Escape') moving ? run('m') : change({ layout: null, kiosk: null });
  else if (actions[key] && (letters.checked || key === '?')) run(key);
  else if (/^\d$/.test(key) && key <= groups.length && letters.checked) change({ group: groups[key - 1]?.name ?? null });
  else return;
  event.preventDefault();
});

let pressed = null; // where the first pointer went down, on which tile, and whether it drags the tile
let used = false; // the pointer has done something, so that its click does nothing
let holding = 0; // a timer, after which a finger that stays where it is drags a tile
const fingers = new Map(); // that touch the large tile, by pointer
wall.addEventListener('pointerdown', (event) => {
  const { target, button, isPrimary, clientX: x, clientY: y, pointerId } = event, tile = target.closest('.camera');
  const touch = event.pointerType === 'touch';
  clearTimeout(holding);
  if (touch && tile?.classList.contains('large')) {
    fingers.set(pointerId, event);
    tile.setPointerCapture(pointerId); // else the picture has the finger, which may go
    if (fingers.size > 1 && pressed?.drags) {
      pressed.drags = false;
      pick(null);
    }
  }
  if (!isPrimary || button) return;
  used = false;
  pressed = { tile, x, y, touch, drags: false };
  if (touch && tile && !tile.classList.contains('enlarged')) holding = setTimeout(drag, holdTime);
});
function drag() {
  used = pressed.drags = true;
  pick(pressed.tile);
}
addEventListener('pointermove', (event) => {
  pinch(event);
  if (!pressed?.tile || !event.isPrimary || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < least.drag) return;
  clearTimeout(holding);
  if (!pressed.touch && !pressed.drags) drag();
});
wall.addEventListener('touchmove', (event) => { if (pressed?.drags) event.preventDefault(); }, { passive: false }); // the page would scroll
wall.addEventListener('contextmenu', (event) => { if (pressed?.touch) event.preventDefault(); });
addEventListener('pointerup', ({ isPrimary, pointerId, clientX, clientY }) => {
  clearTimeout(holding);
  if (fingers.delete(pointerId)) tiles.get(large)?.request();
  if (!pressed?.tile || !isPrimary) return;
  const { tile, x, y, touch, drags } = pressed, dx = clientX - x;
  pressed = null;
  setTimeout(() => { used = false; }); // a click comes at once or never
  if (drags) {
    pick(null);
    move(tile.dataset.camera, document.elementFromPoint(clientX, clientY)?.closest('.camera')?.dataset.camera);
  } else if (touch && !used && tile.classList.contains('large') && Math.abs(dx) > Math.max(least.swipe, 1.5 * Math.abs(clientY - y))) {
    used = true;
    step(-Math.sign(dx) * forward());
  }
});
addEventListener('pointercancel', ({ pointerId }) => {
  clearTimeout(holding);
  fingers.delete(pointerId);
  if (pressed?.drags) pick(null);
  pressed = null;
});

// pinch enlarges the picture of the large tile with two fingers, and moves an enlarged one.
function pinch(event) {
  const tile = tiles.get(large);
  if (!fingers.has(event.pointerId) || !tile || pressed?.drags) return;
  const before = middle();
  fingers.set(event.pointerId, event);
  const after = middle(), { left, top, width, height } = tile.element.getBoundingClientRect();
  const scale = Math.min(Math.max(tile.scale * (after.distance / before.distance || 1), 1), mostScale), by = scale / tile.scale;
  if (scale === 1 && tile.scale === 1) return;
  used = true;
  const place = (to, from, start, length, at) => {
    const most = (scale - 1) * length / 2, center = start + length / 2;
    return Math.min(Math.max(to - center - by * (from - center - at), -most), most);
  };
  tile.enlarge(scale, place(after.x, before.x, left, width, tile.x), place(after.y, before.y, top, height, tile.y));
}

// middle is the middle of the first two fingers, and how far they are apart.
function middle() {
  const [a, b = a] = fingers.values();
  return { x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2, distance: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) };
}
wall.ondragstart = () => false;
wall.addEventListener('click', (event) => {
  const tile = event.target.closest('.camera'), id = tile?.dataset.camera;
  if (!id || event.ctrlKey || event.metaKey || event.shiftKey || !used && !moving && (!large || id === large)) return;
  event.preventDefault();
  if (used) return;
  if (!moving) change({ large: id });
  else if (!picked) pick(tile);
  else {
    move(picked.dataset.camera, id);
    pick(null);
  }
});

wall.addEventListener('cameras', lay);
wall.addEventListener('camera', place);
wall.addEventListener('settings', ({ detail }) => {
  groups = detail.groups;
  lay();
});
addEventListener('resize', place);
for (const event of ['fullscreenchange', 'visibilitychange']) document.addEventListener(event, wake);
bar.hidden = false;
lay();
