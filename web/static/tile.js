// A tile shows the pictures and the state of a camera.
'use strict';

const snapshotPause = 200; // ms between the end of one snapshot and the next
const unwatchedTime = 3000; // ms for which nobody watches a camera whose stream is shown, before the stream is requested again
const sizePause = 300; // ms without a change of a tile's size before pictures of another size are requested
const tileWidths = [160, 240, 320, 480, 640, 960, 1280, 1920, 2560, 3840]; // that tiles request, so that they share renditions

// Where framegate is: a proxy may serve it below a path.
const root = new URL('../', document.currentScript.src);

const wall = document.querySelector('.wall'); // missing on the page of one camera
const tiles = new Map(); // by camera

// A tile shows a camera.
class Tile {
  constructor(element) {
    this.element = element;
    this.id = element.dataset.camera;
    this.number = Tile.count++; // on the WebSocket
    this.state = new TileState(element);
    this.zoom = null; // a Zoom, on the page of one camera
    this.wanted = ''; // the mode while the tile can be seen
    this.seen = false; // the tile is on the screen, as far as is known: a wall of many cameras is not to request all of them at first
    this.mode = ''; // stream, socket, snapshots, or empty while nothing is shown
    this.large = false; // it has the rate of the camera
    this.enlarge(1, 0, 0);
    this.requested = ''; // the query of the pictures that are requested
    this.drawn = Promise.resolve(); // when the last picture that came over the WebSocket is shown
    this.work = 0; // counts starts and stops, so that what was begun before the last one ends
    this.unwatched = 0; // since when no viewer was counted; 0 if there is one
    this.problem = ''; // why the last request was refused
    this.lost = 0; // since when framegate does not answer; 0 if it does
    this.adopt(element.querySelector('img'));
    sight.observe(element);
    sizes.observe(element);
  }

  // update starts or stops the pictures, as the tile can be seen or not. Those of a tab in the background cannot.
  update(seen = this.seen) {
    this.seen = seen;
    if (seen && !document.hidden) this.start(this.wanted);
    else this.stop();
  }

  // adopt shows the pictures of an <img>.
  adopt(img) {
    this.work++;
    this.problem = '';
    this.img = img;
    img.addEventListener('load', () => this.release());
    img.addEventListener('error', () => {
      if (this.mode !== 'stream' || img !== this.img) return;
      const { work } = this, url = img.src;
      img.removeAttribute('src');
      this.release();
      problem(url).then((why) => { if (work === this.work) this.fail(why); });
      this.later(() => this.stream());
    });
  }

  // fail says why there are no pictures.
  fail(why) {
    this.img.removeAttribute('src');
    this.problem = why;
    this.state.forget();
    this.state.part('fault').textContent ||= why;
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

  // want makes the mode that of the tile while it can be seen.
  want(mode) {
    this.wanted = mode;
    this.update();
  }

  start(mode) {
    if (this.mode === mode) return;
    this.stop();
    this.mode = mode;
    if (mode !== 'socket') this.canvas().remove();
    if (mode === 'stream') this.stream();
    if (mode === 'snapshots') this.snapshot();
    if (mode === 'socket') this.request();
  }

  stop() {
    if (this.mode === 'socket') live.close(this.number);
    if (this.mode === 'stream') this.state.forget();
    this.requested = '';
    this.mode = '';
    this.problem = '';
    this.work++;
    this.img.removeAttribute('src');
    this.release();
    if (this.zoom) this.zoom.drop();
  }

  // A stream's <img> needs no help while the stream runs. A stream that is refused is requested again.
  stream() {
    this.work++;
    this.unwatched = 0;
    if (this.zoom) {
      this.zoom.reload();
      return;
    }
    this.requested = this.query();
    this.hold();
    this.img.src = this.url('stream', Object.fromEntries(new URLSearchParams(this.requested)));
  }

  // hold keeps what an <img> shows until its next stream has a picture.
  hold() {
    const { naturalWidth: width, naturalHeight: height } = this.img;
    if (!width || !this.img.hasAttribute('src')) return;
    const held = Object.assign(document.createElement('canvas'), { width, height });
    held.getContext('2d').drawImage(this.img, 0, 0);
    this.release();
    this.held = held;
    this.img.after(held);
  }

  release() {
    this.held?.remove();
    this.held = null;
  }

  // enlarge shows the picture larger than the tile, with its middle x and y px from that of the tile.
  enlarge(scale, x, y) {
    Object.assign(this, { scale, x, y });
    this.element.classList.toggle('enlarged', scale > 1);
    for (const [name, value] of Object.entries({ scale, x: `${x}px`, y: `${y}px` })) this.element.style.setProperty(`--${name}`, value);
  }

  // query returns the parameters of pictures in the size of the tile.
  query() {
    const pixels = this.element.clientWidth * devicePixelRatio * this.scale;
    const query = new URLSearchParams({ width: tileWidths.find((w) => w >= pixels) ?? tileWidths.at(-1) });
    if (!this.large && Number(wall.dataset.fps)) query.set('fps', wall.dataset.fps);
    return query.toString();
  }

  // canvas returns where pictures of the WebSocket are shown. The last one stays while the tile is not on the screen.
  canvas() {
    this.surface ??= document.createElement('canvas');
    return this.surface;
  }

  // request requests pictures over the WebSocket, or another stream, when the tile needs others than before. What is shown stays until
  // the first one is there.
  request() {
    if (!wall || !['socket', 'stream'].includes(this.mode)) return;
    const query = this.query();
    if (query === this.requested) return;
    this.requested = query;
    if (this.mode === 'stream') this.stream();
    else live.open(this.number, this.id, query);
  }

  // draw shows a picture of the WebSocket, after those that came before.
  draw(jpeg, received) {
    const { work } = this;
    this.drawn = this.drawn.then(async () => {
      try {
        const bitmap = await createImageBitmap(jpeg);
        const canvas = this.canvas();
        if (work === this.work && this.mode === 'socket') {
          Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
          canvas.getContext('bitmaprenderer').transferFromImageBitmap(bitmap);
          if (!canvas.isConnected) this.img.after(canvas);
          this.problem = '';
          this.state.picture(received);
        } else {
          bitmap.close();
        }
      } catch { // a broken picture; the next one replaces it
      } finally {
        live.shown(this.number);
      }
    });
  }

  // ended takes in why there are no pictures over the WebSocket any more, and requests them again after a while.
  ended(problem) {
    this.requested = '';
    this.canvas().remove();
    this.fail(problem.detail);
    this.later(() => this.request());
  }

  // Each snapshot is requested when the one before has arrived, so that many cameras share the few connections that a browser
  // opens to one server.
  snapshot() {
    const work = ++this.work;
    const picture = new Image();
    picture.onload = () => {
      if (work !== this.work) return;
      this.img.src = picture.src;
      this.state.picture(performance.now(), false); // framegate does not say how old it is
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
    if (camera) this.state.set('title', this.img.alt = camera.name);
    this.state.say(state, camera ? faultOf(camera) || this.problem : t('tile.removed'), camera?.since);
    if (!camera || state === 'disabled') {
      this.want('');
      this.canvas().remove();
      this.state.forget();
      return;
    }
    this.lost = 0;
    this.state.describe(camera, this.mode === 'stream' ? this.newest(camera) : undefined);
    if (this.zoom) this.zoom.sends(camera.width);
    // An <img> does not notice that its stream has ended, as it does when the camera is away and there are no placeholders.
    this.unwatched = camera.viewers === 0 ? this.unwatched || performance.now() : 0;
    const pictures = state === 'ready' || state === 'live';
    const back = pictures && !['ready', 'live', 'connecting', 'idle'].includes(before);
    if (this.mode === 'stream' && mode === 'stream' && pictures && (back || this.unwatched && performance.now() - this.unwatched > unwatchedTime)) this.stream();
    this.want(mode);
  }

  // newest returns when the newest picture of a stream arrived, by performance.now(), and null if it is not old: an <img> does not say, and
  // framegate says it at once only of old pictures.
  newest(camera) {
    const at = camera.last_frame_at && ['live', 'ready'].includes(camera.state) ? live.at(Date.parse(camera.last_frame_at)) : null;
    return at !== null && performance.now() - at > oldAge * 0.9 ? at : null;
  }

  // lose takes in that framegate does not answer. The last picture of the WebSocket would look like a new one.
  lose() {
    this.lost ||= Date.now();
    const { camera } = this.state;
    if (this.canvas().isConnected) this.state.forget();
    else if (camera?.last_frame_at) this.state.received ??= live.at(Date.parse(camera.last_frame_at));
    this.canvas().remove();
    this.state.say('unknown', t('tile.unknown'), this.lost);
  }
}

Tile.count = 0;

const of = (element) => [...tiles.values()].find((tile) => tile.element === element);

const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) of(target)?.update(isIntersecting);
});

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const tile = of(target);
    if (!tile) continue;
    clearTimeout(tile.resized);
    tile.resized = setTimeout(() => tile.request(), sizePause);
  }
});
