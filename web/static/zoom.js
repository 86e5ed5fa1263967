// Zooms into the picture of a camera's page. A part of the picture is requested with crop, so that it is as sharp as the camera is;
// until its first frame has come, what is shown already is moved and stretched to its place.
'use strict';

const requestPause = 200; // ms without a change before the pictures of a part are requested
const requestWait = 1000; // ms after which they are requested even if the part changes all the time
const retryPause = 5000; // ms between two requests for pictures that are refused
const hintTime = 3000; // ms for which a hint is shown
const widths = [640, 960, 1280, 1920, 2560, 3840]; // that are requested, so that windows of different sizes share renditions
const ownWidth = 1.25; // how much wider than one of them the camera's own pictures may be to be requested instead
const levels = 4; // of the sides of requested parts, in each halving
const places = 8; // of requested parts, in their own side
const leastPixels = 160; // of the camera, in the width of the smallest part
const zoomStep = 1.5; // of a button or a key
const panStep = 0.2; // of an arrow key, as a fraction of the part
const digits = 1e5; // a part is rounded to fractions of this

const within = (v, low, high) => Math.min(Math.max(v, low), high);
const round = (v) => Math.round(v * digits) / digits;
const crop = ({ x, y, side }) => [x, y, side, side].join();

// A part of the picture is x, y and side, in fractions of the whole one; side is that of the width and the height.
const whole = { x: 0, y: 0, side: 1 };

// A request is a part, and the width and the quality of its pictures. A width of 0 is that of the configuration, and a quality of 0 what
// the line carries.
const fallback = { part: whole, width: 0, quality: 0 }; // has a place even where others are refused

const contains = (part, { x, y, side }) => {
  const least = -1 / digits;
  return x - part.x > least && y - part.y > least && part.x + part.side - x - side > least && part.y + part.side - y - side > least;
};

// A Zoom shows a part of the picture in a tile.
class Zoom {
  constructor(tile) {
    this.tile = tile;
    this.box = tile.element;
    this.view = whole; // the part that is to be shown
    this.chosen = { width: 0, quality: 0 }; // by the person who watches; 0 for none
    this.loaded = { part: whole, width: -1, quality: 0 }; // what the tile's <img> has requested
    this.ended = true; // the stream of that <img> has ended, or has not begun
    this.next = null; // the <img> that takes its place when it has a picture
    this.camera = Number(this.box.dataset.width); // pixels in the width of the camera's pictures; 0 if it is not known
    this.pointers = new Map(); // that are down, by id
    this.listen();
    this.say();
  }

  // wanted is the request whose pictures show the view. Parts have a few sizes and places, so that small moves need no new pictures
  // and large ones meet those of others.
  wanted() {
    const { view, loaded } = this;
    const room = 1 - 1 / places; // a view of this side is inside of the nearest place, wherever it is
    const side = round(2 ** -Math.max(0, Math.floor(levels * Math.log2(room / view.side)) / levels));
    const place = (v) => round(within(Math.round((v + (view.side - side) / 2) / side * places) / places * side, 0, 1 - side));
    const keeps = loaded.part.side === side && contains(loaded.part, view);
    const part = keeps ? loaded.part : { x: place(view.x), y: place(view.y), side };
    return { part, width: this.chosen.width || this.width(part), quality: this.chosen.quality };
  }

  // choose sets the width or the quality of the pictures, 0 for what suits.
  choose(name, value) {
    this.chosen[name] = value;
    this.say();
    this.request(0);
  }

  // search returns the parameters of what is shown, for links.
  search() {
    const { view, chosen: { width, quality } } = this;
    const all = [view.side < 1 && `crop=${crop(view)}`, width && `width=${width}`, quality && `quality=${quality}`].filter(Boolean);
    return all.length > 0 ? `?${all.join('&')}` : '';
  }

  // width is the one to request for a part.
  width(part) {
    const stretch = part.side < 1 ? 2 ** (1 / levels) / (1 - 1 / places) : 1 / this.view.side; // of a part, the most that is needed
    const pixels = this.content().width * devicePixelRatio * stretch;
    const width = widths.find((w) => w >= pixels - 1) ?? widths.at(-1);
    const own = part.side === 1 && this.camera > width && this.camera <= width * ownWidth; // a camera's own JPEGs are not decoded
    return own ? this.camera : width;
  }

  // sends says how wide the camera's pictures are; 0 if it is not known.
  sends(width) {
    if (width === 0 || width === this.camera) return;
    this.camera = width;
    this.say();
    if (this.next || !this.ended) this.request();
  }

  // content is where the picture is in the box, which has another aspect.
  content() {
    const { clientWidth: width, clientHeight: height } = this.box;
    const { naturalWidth, naturalHeight } = this.tile.img;
    const scale = naturalWidth > 0 ? Math.min(width / naturalWidth, height / naturalHeight) : 0;
    const content = scale > 0 ? { width: naturalWidth * scale, height: naturalHeight * scale } : { width, height };
    return { ...content, left: (width - content.width) / 2, top: (height - content.height) / 2 };
  }

  // setView changes the part. It keeps it inside of the picture.
  setView(x, y, side) {
    side = round(within(side, this.least(), 1));
    this.view = { x: round(within(x, 0, 1 - side)), y: round(within(y, 0, 1 - side)), side };
    this.place();
    this.say();
    this.request();
  }

  least() { return Math.min(1, Math.max(leastPixels / (this.camera || 1920), 1 / 64)); }

  // zoom makes the part smaller by a factor, around a point of the box in fractions of the content.
  zoom(factor, [u, v] = [0.5, 0.5]) {
    const { x, y, side } = this.view;
    const after = within(side / factor, this.least(), 1);
    this.setView(x + u * (side - after), y + v * (side - after), after);
  }

  // pan moves the part, in fractions of it.
  pan(u, v) { this.setView(this.view.x + u * this.view.side, this.view.y + v * this.view.side, this.view.side); }

  whole() { this.setView(0, 0, 1); }

  // place moves and stretches the <img> so that the view is where it belongs, and cuts off what is around it.
  place() {
    const { width, height, left, top } = this.content();
    const { clientWidth, clientHeight } = this.box;
    const { view, loaded: { part } } = this;
    const scale = part.side / view.side;
    const right = left * (1 - scale) + (part.x - view.x) / view.side * width;
    const down = top * (1 - scale) + (part.y - view.y) / view.side * height;
    const cut = [top - down, clientWidth * scale + right - left - width, clientHeight * scale + down - top - height, left - right];
    const same = part === view || scale === 1 && part.x === view.x && part.y === view.y;
    this.tile.img.style.transform = same ? '' : `translate(${right}px, ${down}px) scale(${scale})`;
    this.tile.img.style.clipPath = same ? '' : `inset(${cut.map((v) => `${v / scale}px`).join(' ')})`;
  }

  // request requests the pictures of the view soon.
  request(pause = requestPause) {
    const now = performance.now();
    if (!this.timer || !this.due) this.due = now + requestWait;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), within(pause, 0, this.due - now));
  }

  // retry requests them again after a while, unless the view changes before.
  retry(pause) {
    clearTimeout(this.timer);
    this.due = 0;
    this.timer = setTimeout(() => this.load(), pause);
  }

  // load loads the pictures of the view if they are not shown. While others are being loaded it leaves that to take.
  load() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.next || this.tile.mode !== 'stream') return;
    const wanted = this.wanted();
    if (this.ended || !this.shows(wanted)) this.open(wanted);
    else if (!this.hint) this.note('');
  }

  // reload loads the pictures of the view because the stream that is shown has ended.
  reload() {
    this.drop();
    this.ended = true;
    this.load();
  }

  shows({ part, width, quality }) {
    const { loaded } = this;
    return loaded.part === part && loaded.width === width && loaded.quality === quality;
  }

  // open loads pictures below those that are shown, which go when the first one is there.
  open(request) {
    const img = new Image();
    this.next = img;
    img.alt = this.tile.img.alt;
    img.draggable = false;
    img.dataset.loading = '';
    img.onerror = () => this.refused(img, request);
    const { part, width, quality } = request;
    const url = new URL(this.tile.url('stream', { ...width > 0 && { width }, ...part.side < 1 && { crop: crop(part) } }));
    if (quality > 0) url.searchParams.set('quality', quality);
    img.src = url;
    this.box.insertBefore(img, this.tile.img);
    const check = async () => {
      if (this.next !== img) return;
      if (img.naturalWidth > 0) {
        await Promise.race([img.decode().catch(() => {}), new Promise((done) => setTimeout(done, 100))]);
        if (this.next === img) this.take(img, request);
        return;
      }
      setTimeout(check, 30);
    };
    check();
  }

  // take makes an <img> the one that is shown.
  take(img, request) {
    const last = this.tile.img;
    this.next = null;
    this.ended = false;
    img.onerror = null;
    delete img.dataset.loading;
    this.tile.adopt(img);
    this.loaded = request;
    this.place();
    last.removeAttribute('src'); // which ends its stream
    last.remove();
    if (request === fallback) this.retry(retryPause);
    else this.load(); // the view may have changed
  }

  // refused says why there are no pictures. It shows the fallback, unless what is shown is enough for now.
  async refused(img, request) {
    if (this.next !== img) return;
    const url = img.src;
    img.removeAttribute('src');
    const why = await problem(url);
    if (this.next !== img) return; // it was dropped
    this.drop();
    if (!why) { // it would not be refused now
      this.retry(statePeriod);
    } else if (request === fallback) {
      this.note('');
      this.tile.fail(why);
      this.retry(statePeriod);
    } else {
      this.note(t('camera.not-sharp', { error: why }));
      if (this.ended || !contains(this.loaded.part, this.view)) this.open(fallback);
      else this.retry(retryPause);
    }
  }

  // drop gives up the pictures that are being loaded.
  drop() {
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.next) return;
    this.next.onerror = null;
    this.next.removeAttribute('src');
    this.next.remove();
    this.next = null;
  }

  // note shows a text above the picture, for a while if it is a hint.
  note(text, time = 0) {
    const note = this.box.querySelector('.note');
    if (time > 0 && note.textContent && !this.hint) return; // it is more important
    clearTimeout(this.hint);
    note.textContent = text;
    this.hint = time > 0 ? setTimeout(() => this.note(''), time) : null;
  }

  // say shows what the zoom is, and what links lead to.
  say() {
    const { side } = this.view;
    const toolbar = this.box.querySelector('.zoom');
    toolbar.querySelector('output').value = `${number(1 / side, 1)}×`;
    toolbar.querySelector('[data-zoom=in]').disabled = side <= this.least();
    for (const name of ['out', 'whole']) toolbar.querySelector(`[data-zoom=${name}]`).disabled = side === 1;
    if (document.activeElement.disabled) this.box.focus(); // so that the keys still work
    this.box.toggleAttribute('data-zoomed', side < 1);
    for (const element of document.querySelectorAll('[data-url], [data-link]')) {
      const url = new URL(element.dataset.url ?? element.dataset.link, root);
      url.search = [url.search, this.search().slice(1)].filter(Boolean).join('&');
      if (element.dataset.url) element.textContent = url;
      if (element.href) element.href = url;
    }
  }

  // at is where an event is, in fractions of the content.
  at(event) {
    const { left, top } = this.box.getBoundingClientRect();
    const content = this.content();
    return [(event.clientX - left - content.left) / content.width, (event.clientY - top - content.top) / content.height]
      .map((v) => within(v, 0, 1));
  }

  listen() {
    const on = (name, use, options) => this.box.addEventListener(name, use, options);
    on('wheel', (event) => this.wheel(event), { passive: false });
    on('dblclick', (event) => {
      if (event.target.closest('.zoom')) return;
      if (this.view.side < 1) this.whole();
      else this.zoom(2.5, this.at(event));
    });
    on('keydown', (event) => this.key(event));
    on('dragstart', (event) => event.preventDefault());
    on('pointerdown', (event) => {
      if (event.target.closest('.zoom') || event.button !== 0) return;
      this.pointers.set(event.pointerId, event);
      this.box.setPointerCapture(event.pointerId); // else a finger has the <img>, which goes when the next one takes its place
    });
    on('pointermove', (event) => this.move(event));
    for (const name of ['pointerup', 'pointercancel', 'pointerleave']) on(name, (event) => this.pointers.delete(event.pointerId));
    for (const [name, use] of Object.entries({ in: () => this.zoom(zoomStep), out: () => this.zoom(1 / zoomStep), whole: () => this.whole() })) {
      this.box.querySelector(`[data-zoom=${name}]`).addEventListener('click', use);
    }
    new ResizeObserver(() => {
      this.place();
      this.request();
    }).observe(this.box);
  }

  // wheel zooms around the pointer, with ctrl or when the picture has the focus. A wheel that cannot zoom scrolls the page.
  wheel(event) {
    if (event.deltaY === 0) return;
    const ends = this.view.side === (event.deltaY > 0 ? 1 : this.least());
    if (!event.ctrlKey) { // with ctrl the browser would enlarge the page
      if (!this.box.contains(document.activeElement)) this.note(t('camera.hint'), hintTime);
      if (ends || !this.box.contains(document.activeElement)) return;
    }
    event.preventDefault();
    const pixels = within(event.deltaY * [1, 33, 400][event.deltaMode], -300, 300);
    const pinch = event.ctrlKey && Math.abs(pixels) < 50; // on a touchpad
    this.zoom(Math.exp(-pixels * (pinch ? 0.01 : 0.002)), this.at(event));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pans = { ArrowLeft: [-panStep, 0], ArrowRight: [panStep, 0], ArrowUp: [0, -panStep], ArrowDown: [0, panStep] };
    if (event.key === '+' || event.key === '=') this.zoom(zoomStep);
    else if (event.key === '-') this.zoom(1 / zoomStep);
    else if (event.key === '0') this.whole();
    else if (pans[event.key] && this.view.side < 1) this.pan(...pans[event.key]);
    else return;
    event.preventDefault();
  }

  // move drags with one pointer, and pinches with two.
  move(event) {
    if (!this.pointers.has(event.pointerId)) return;
    const before = this.middle();
    this.pointers.set(event.pointerId, event);
    const after = this.middle();
    if (before.distance > 0 && after.distance > 0) this.zoom(after.distance / before.distance, this.at(after));
    if (this.view.side === 1) return;
    const { width, height } = this.content();
    this.pan((before.clientX - after.clientX) / width, (before.clientY - after.clientY) / height);
  }

  // middle is the middle of the first two pointers, and how far they are apart.
  middle() {
    const [a, b = a] = this.pointers.values();
    return {
      clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2,
      distance: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY),
    };
  }
}
