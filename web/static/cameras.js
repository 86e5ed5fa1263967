// Keeps the pictures, the states and the list of a page's cameras current.
'use strict';

const statePeriod = 2000; // ms between two readings of the API, while there is no WebSocket
const answerTime = 10000; // ms after which framegate does not answer

let arrange = (all) => all; // puts cameras into the order of the wall

// follow makes the tiles of the wall those of a list.
function follow(cameras) {
  const ids = new Set(cameras.map((camera) => camera.id));
  for (const tile of tiles.values()) {
    if (ids.has(tile.id)) continue;
    tile.want('');
    sight.unobserve(tile.element);
    sizes.unobserve(tile.element);
    tile.element.remove();
    tiles.delete(tile.id);
  }
  arrange(cameras).forEach((camera, i) => {
    if (!tiles.has(camera.id)) {
      const element = document.querySelector('template').content.firstElementChild.cloneNode(true);
      element.dataset.camera = camera.id;
      element.href = new URL(`cameras/${encodeURIComponent(camera.id)}`, root);
      tiles.set(camera.id, new Tile(element));
    }
    const { element } = tiles.get(camera.id);
    if (wall.children[i] !== element) wall.insertBefore(element, wall.children[i]);
  });
  document.querySelector('.empty').hidden = cameras.length > 0;
}

// mode is how the tiles show pictures: more streams than a browser's connections would block each other and the API. Snapshots are for
// where a proxy or a browser lets no WebSocket through.
function mode() {
  if (!wall || tiles.size <= wall.dataset.streams) return 'stream';
  return live?.socket ? 'socket' : 'snapshots';
}

// whyNotDecoded says why a camera has no plan.
function whyNotDecoded(camera) {
  switch (camera.state) {
    case 'disabled': return t('fact.plan.disabled');
    case 'connecting': return t('fact.plan.connecting');
    case 'idle':
    case 'ready':
    case 'live': return camera.viewers > 0 ? t('fact.plan.yet') : t('fact.plan.unwatched');
    default: return t('fact.plan.fault', { fault: faultOf(camera) || t(`state.${camera.state}`) });
  }
}

// showFacts fills in the page of one camera, which may be removed.
function showFacts(camera) {
  const plan = camera && camera.plan;
  const facts = !camera ? { source: t('fact.nothing'), plan: t('fact.plan.removed'), why: '', viewers: 0, renditions: t('fact.none'), reconnects: '' } : {
    source: camera.codec ? t('fact.source', {
      ...camera,
      codec: camera.hdr ? t('fact.hdr', { codec: camera.codec, hdr: camera.hdr.toUpperCase() }) : camera.codec,
      fps: number(camera.source_fps, 1),
    }) : t('fact.nothing'),
    plan: plan ? [plan.name, [plan.decoder, plan.scaler, plan.encoder].filter(Boolean).join(', ')].filter(Boolean).join(': ') : whyNotDecoded(camera),
    why: [
      plan && plan.chosen,
      plan && plan.reason,
      ...camera.plans_failed.map((f) => t('fact.failed', { ...f, count: f.times, time: timeOf(f.at) })),
    ].filter(Boolean).join(t('fact.next')),
    viewers: camera.viewers,
    renditions: camera.renditions.map((r) => t('fact.rendition', { ...r, fps: number(r.fps_now, 1), count: r.viewers })).join(t('fact.next')) || t('fact.none'),
    reconnects: camera.reconnects,
  };
  for (const [name, text] of Object.entries(facts)) {
    document.querySelector(`[data-fact=${name}]`).textContent = text;
  }
}

// showConfiguration says what is wrong with the configuration file, since the previous configuration stays in effect. Only admins may know.
function showConfiguration(now) {
  const notice = document.querySelector('#configuration');
  if (!notice) return;
  notice.hidden = !now?.faults.length;
  notice.textContent = now?.faults.map((f) => `${now.file}:${f.line}: ${f.message}`).join('\n') ?? '';
}

// request requests what the API says. Where nobody is signed in any more, it leaves the page.
async function request(path) {
  const answer = await fetch(new URL(path, root), { signal: AbortSignal.timeout?.(answerTime) });
  if (answer.status === 401) signIn();
  return answer;
}

async function read(path) {
  const answer = await request(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

// signIn leaves the page for the one that asks for a name and a password, and leads back: the session has ended.
function signIn() {
  const page = new URL('sign-in', root);
  const back = new URL(location.href);
  back.searchParams.delete('lang'); // another one may be chosen there
  page.searchParams.set('next', `/${back.href.slice(root.href.length).split('#')[0]}`);
  location.replace(page);
}

// problem says why a request is refused. The text is empty if it is not, or not any more: an <img> does not say.
async function problem(url) {
  const stop = new AbortController();
  try {
    const answer = await fetch(url, { signal: stop.signal });
    return answer.ok ? '' : (await answer.json()).detail;
  } catch {
    return t('no-answer');
  } finally {
    stop.abort();
  }
}

let cameras = []; // as framegate has last described them

// list takes in all cameras.
function list(all) {
  cameras = all;
  if (wall) follow(all);
  if (mode() === 'stream') live.figures([...tiles.keys()]); // with the number of viewers
  for (const tile of tiles.values()) showCamera(tile.id);
  wall?.dispatchEvent(new Event('cameras'));
}

// update takes in what has changed of one camera.
function update(camera) {
  cameras = cameras.map((c) => (c.id === camera.id ? camera : c));
  showCamera(camera.id);
  wall?.dispatchEvent(new Event('camera'));
}

function showCamera(id) {
  const tile = tiles.get(id);
  if (!tile) return;
  const camera = cameras.find((c) => c.id === id);
  tile.show(camera, mode());
  if (!wall) showFacts(camera);
}

// readStates reads the states while no WebSocket carries them: framegate does not answer, or something between lets none through. It is
// called with every attempt to connect that fails, and runs once at a time.
async function readStates() {
  if (readStates.running) return;
  readStates.running = true;
  while (!live?.socket) {
    try {
      const all = await read('api/cameras');
      if (!live.socket) list(all);
      if (document.querySelector('#configuration')) request('api/config').then((answer) => (answer.ok ? answer.json() : null)).then(showConfiguration, () => {});
    } catch {
      if (!live.socket) for (const tile of tiles.values()) tile.lose();
    }
    await new Promise((resolve) => { setTimeout(resolve, statePeriod); });
  }
  readStates.running = false;
}

const byNumber = (number) => [...tiles.values()].find((tile) => tile.number === number);

function connect() {
  const url = new URL('api/live', root);
  url.protocol = url.protocol.replace('http', 'ws');
  return new Live(url, {
    opened: (again) => {
      if (!again) return;
      for (const tile of tiles.values()) if (tile.mode === 'stream') tile.stream(); // framegate may have ended without the <img> noticing
    },
    closed: () => {
      for (const tile of tiles.values()) if (tile.mode === 'socket') tile.stop();
      readStates();
    },
    cameras: list,
    camera: update,
    configuration: showConfiguration,
    wall: (settings) => {
      if (!wall) return;
      wall.dataset.fps = settings.fps;
      wall.dispatchEvent(new CustomEvent('settings', { detail: settings }));
    },
    picture: (number, jpeg, received) => {
      const tile = byNumber(number);
      if (tile) tile.draw(jpeg, received);
      else live.shown(number);
    },
    ended: (number, problem) => byNumber(number)?.ended(problem),
  });
}

let live = null;
for (const element of document.querySelectorAll('[data-camera]')) tiles.set(element.dataset.camera, new Tile(element));
if (!wall) for (const tile of tiles.values()) tile.zoom = new Zoom(tile);
live = connect();
for (const tile of tiles.values()) if (tile.element.dataset.state !== 'disabled' && mode() === 'stream') tile.want('stream');
document.addEventListener('visibilitychange', () => { for (const tile of tiles.values()) tile.update(); });

let figures = false; // are shown on all tiles
setInterval(() => { if (!document.hidden) for (const tile of tiles.values()) tile.state.tick(tile.mode, figures); }, ageTick);
