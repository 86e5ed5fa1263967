// Keeps the pictures, the states and the list of a page's cameras current.
'use strict';

const statePeriod = 2000; // ms between two readings of the API
const snapshotPause = 200; // ms between the end of one snapshot and the next

// Where framegate is: a proxy may serve it below a path.
const root = new URL('../', document.currentScript.src);

const wall = document.querySelector('.wall'); // missing on the page of one camera
const tiles = new Map(); // by camera

// A tile shows a camera.
class Tile {
  constructor(element) {
    this.element = element;
    this.id = element.dataset.camera;
    this.zoom = null; // a Zoom, on the page of one camera
    this.mode = ''; // stream, snapshots, or empty while nothing is shown
    this.work = 0; // counts starts and stops, so that what was begun before the last one ends
    this.unwatched = 0; // readings in a row that counted no viewer
    this.problem = ''; // why the last request was refused
    this.adopt(element.querySelector('img'));
  }

  // adopt shows the pictures of an <img>.
  adopt(img) {
    this.work++;
    this.problem = '';
    this.img = img;
    img.addEventListener('error', () => {
      if (this.mode !== 'stream' || img !== this.img) return;
      const { work } = this, url = img.src;
      img.removeAttribute('src');
      problem(url).then((why) => { if (work === this.work) this.fail(why); });
      this.later(() => this.stream());
    });
  }

  // fail says why there are no pictures.
  fail(why) {
    this.img.removeAttribute('src');
    this.problem = why;
    const fault = this.element.querySelector('.fault');
    fault.textContent ||= why;
  }

  url(kind, parameters = {}) {
    const url = new URL(`cameras/${encodeURIComponent(this.id)}/${kind}`, root);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    if (kind === 'stream') url.searchParams.set('quality', 'auto');
    url.searchParams.set('_', `${Date.now()}.${this.work}`);
    return url.href;
  }

  // later does something after a while, unless the tile is started or stopped before.
  later(something, pause = statePeriod) {
    const work = this.work;
    setTimeout(() => { if (work === this.work) something(); }, pause);
  }

  start(mode) {
    if (this.mode === mode) return;
    this.stop();
    this.mode = mode;
    if (mode === 'stream') this.stream();
    if (mode === 'snapshots') this.snapshot();
  }

  stop() {
    this.mode = '';
    this.problem = '';
    this.work++;
    this.img.removeAttribute('src');
    if (this.zoom) this.zoom.drop();
  }

  // A stream's <img> needs no help while the stream runs. A stream that is refused is requested again.
  stream() {
    this.work++;
    this.unwatched = 0;
    if (this.zoom) this.zoom.reload();
    else this.img.src = this.url('stream');
  }

  // Each snapshot is requested when the one before has arrived, so that many cameras share the few connections that a browser
  // opens to one server.
  snapshot() {
    const work = ++this.work;
    if (document.hidden) {
      this.later(() => this.snapshot());
      return;
    }
    const picture = new Image();
    picture.onload = () => {
      if (work !== this.work) return;
      this.img.src = picture.src;
      this.later(() => this.snapshot(), snapshotPause);
    };
    picture.onerror = () => {
      if (work !== this.work) return;
      this.img.removeAttribute('src');
      this.later(() => this.snapshot());
    };
    picture.src = this.url('snapshot.jpg');
  }

  // show shows what the API says of the camera, or that there is no such camera any more.
  show(camera, mode) {
    const state = camera ? camera.state : 'removed';
    const before = this.element.dataset.state;
    this.say(state, camera ? camera.error || this.problem : 'The camera was removed from the configuration.');
    if (!camera || state === 'disabled') {
      this.stop();
      return;
    }
    if (this.zoom) this.zoom.sends(camera.width);
    this.element.querySelector('.title').textContent = this.img.alt = camera.name;
    // An <img> does not notice that its stream has ended, as it does when the camera is away and there are no placeholders.
    this.unwatched = camera.viewers === 0 ? this.unwatched + 1 : 0;
    const pictures = state === 'ready' || state === 'live';
    const back = pictures && !['ready', 'live', 'connecting', 'idle'].includes(before);
    if (this.mode === 'stream' && mode === 'stream' && pictures && (back || this.unwatched > 1)) this.stream();
    this.start(mode);
  }

  say(state, fault) {
    this.element.dataset.state = state;
    this.element.querySelector('.state').textContent = state;
    this.element.querySelector('.fault').textContent = fault;
  }
}

// follow makes the tiles of the wall those of a list.
function follow(cameras) {
  const ids = new Set(cameras.map((camera) => camera.id));
  for (const tile of tiles.values()) {
    if (ids.has(tile.id)) continue;
    tile.stop();
    tile.element.remove();
    tiles.delete(tile.id);
  }
  cameras.forEach((camera, i) => {
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

// mode is how the tiles show pictures: more streams than a browser's connections would block each other and the API.
function mode() { return !wall || tiles.size <= wall.dataset.streams ? 'stream' : 'snapshots'; }

// whyNotDecoded says why a camera has no plan.
function whyNotDecoded(camera) {
  switch (camera.state) {
    case 'disabled': return 'nothing, because the camera is disabled';
    case 'connecting': return 'nothing yet, because the camera has not sent a picture';
    case 'idle':
    case 'ready':
    case 'live': return camera.viewers > 0 ? 'nothing yet' : 'nothing, because nobody watches';
    default: return `nothing, because there are no pictures: ${camera.error || camera.state}`;
  }
}

// showFacts fills in the page of one camera, which may be removed.
function showFacts(camera) {
  const plan = camera && camera.plan;
  const facts = !camera ? { source: 'nothing', plan: 'nothing, because the camera was removed', why: '', viewers: 0, renditions: 'none', reconnects: '' } : {
    source: camera.codec ? `${camera.codec}${camera.hdr ? `, HDR (${camera.hdr.toUpperCase()}),` : ''} ${camera.width}x${camera.height} at ${camera.source_fps.toFixed(1)} fps` : 'nothing',
    plan: plan ? [plan.name, [plan.decoder, plan.scaler, plan.encoder].filter(Boolean).join(', ')].filter(Boolean).join(': ') : whyNotDecoded(camera),
    why: [
      plan && plan.chosen,
      plan && plan.reason,
      ...camera.plans_failed.map((f) => `${f.plan} failed ${f.times} times, last at ${new Date(f.at).toLocaleTimeString()}: ${f.reason}`),
    ].filter(Boolean).join('; '),
    viewers: camera.viewers,
    renditions: camera.renditions.map((r) => `${r.width}x${r.height} at ${r.fps_now.toFixed(1)} fps for ${r.viewers}`).join('; ') || 'none',
    reconnects: camera.reconnects,
  };
  for (const [name, text] of Object.entries(facts)) {
    document.querySelector(`[data-fact=${name}]`).textContent = text;
  }
}

// The wall says what is wrong with the configuration file, since the previous configuration stays in effect. Only admins may know.
async function readConfiguration(notice) {
  const answer = await request('api/config');
  if (answer.status === 403) { // the role was changed
    notice.remove();
    return;
  }
  const now = await answer.json();
  notice.hidden = now.faults.length === 0;
  notice.textContent = now.faults.map((f) => `${now.file}:${f.line}: ${f.message}`).join('\n');
}

// request requests what the API says. Where nobody is signed in any more, it leaves the page.
async function request(path) {
  const answer = await fetch(new URL(path, root));
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
  page.searchParams.set('next', `/${location.href.slice(root.href.length).split('#')[0]}`);
  location.replace(page);
}

// problem says why a request is refused. The text is empty if it is not, or not any more: an <img> does not say.
async function problem(url) {
  const stop = new AbortController();
  try {
    const answer = await fetch(url, { signal: stop.signal });
    return answer.ok ? '' : (await answer.json()).detail;
  } catch {
    return 'framegate does not answer';
  } finally {
    stop.abort();
  }
}

async function readStates() {
  try {
    const cameras = await read('api/cameras');
    if (wall) follow(cameras);
    for (const tile of tiles.values()) {
      const camera = cameras.find((c) => c.id === tile.id);
      tile.show(camera, mode());
      if (!wall) showFacts(camera);
    }
    const notice = document.querySelector('#configuration');
    if (notice) await readConfiguration(notice);
  } catch {
    for (const tile of tiles.values()) tile.say('unknown', 'framegate does not answer');
  }
  setTimeout(readStates, statePeriod);
}

for (const element of document.querySelectorAll('[data-camera]')) tiles.set(element.dataset.camera, new Tile(element));
if (!wall) for (const tile of tiles.values()) tile.zoom = new Zoom(tile);
for (const tile of tiles.values()) if (tile.element.dataset.state !== 'disabled') tile.start(mode());
readStates();
