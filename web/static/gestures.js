// Lets people lay out the wall with keys, buttons, the mouse and fingers.
'use strict';

const least = { drag: 8, swipe: 50 }; // px
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
    announce(moving ? 'Choose a camera, and then its new place' : 'Cameras stay');
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

let pressed = null; // where a pointer went down, and on which tile
let used = false; // the pointer has done something, so that its click does nothing
wall.addEventListener('pointerdown', ({ target, button, isPrimary, clientX: x, clientY: y, pointerType }) => {
  if (!isPrimary || button) return;
  used = false;
  pressed = { tile: target.closest('.camera'), x, y, touch: pointerType === 'touch' };
});
addEventListener('pointermove', ({ clientX, clientY }) => {
  if (!pressed?.tile || pressed.touch || Math.hypot(clientX - pressed.x, clientY - pressed.y) < least.drag) return;
  used = true;
  pick(pressed.tile);
});
addEventListener('pointerup', ({ isPrimary, clientX, clientY }) => {
  if (!pressed?.tile || !isPrimary) return;
  const { tile, x, y, touch } = pressed, dx = clientX - x;
  pressed = null;
  setTimeout(() => { used = false; }); // a click comes at once or never
  if (used) {
    pick(null);
    move(tile.dataset.camera, document.elementFromPoint(clientX, clientY)?.closest('.camera')?.dataset.camera);
  } else if (touch && tile.classList.contains('large') && Math.abs(dx) > Math.max(least.swipe, 1.5 * Math.abs(clientY - y))) {
    used = true;
    step(-Math.sign(dx) * forward());
  }
});
addEventListener('pointercancel', () => { pressed = null; });
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
