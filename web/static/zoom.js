// Zooms into the picture of a camera's page. A part of the picture is requested with crop, so that it is as sharp as the camera is;
// until its first frame has come, what is shown already is moved and stretched to its place.
'use strict';

const requestPause = 200; // ms without a change before the pictures of a part are requested
const requestWait = 600; // ms after which they are requested even if the part changes all the time
const widthStep = 160; // pixels to which a width is rounded up, so that windows of nearly the same size share a rendition
const leastPixels = 160; // of the camera, in the width of the smallest part
const zoomStep = 1.5; // of a button or a key
const panStep = 0.2; // of an arrow key, as a fraction of the part
const digits = 1e5; // a part is rounded to fractions of this

const within = (v, low, high) => Math.min(Math.max(v, low), high);

// A Zoom is the part of the picture that a tile shows: x, y and side are fractions of the whole one, and side is that of the width and
// the height.
class Zoom {
  constructor(tile) {
    this.tile = tile;
    this.box = tile.element;
    this.view = { x: 0, y: 0, side: 1 }; // what is to be shown
    this.loaded = this.view; // what the tile's <img> shows
    this.width = 0; // of its pictures, as requested
    this.next = null; // the <img> that takes its place when it has a picture
    this.camera = 1920; // pixels in the width of the camera's pictures
    this.pointers = new Map(); // that are down, by id
    this.listen();
    this.say();
  }

  // parameters are those of pictures of the view.
  parameters() {
    const pixels = this.content().width * devicePixelRatio;
    const width = within(Math.ceil(pixels / widthStep) * widthStep, widthStep, 8192);
    return this.view.side < 1 ? { width, crop: this.crop() } : { width };
  }

  crop() { return [this.view.x, this.view.y, this.view.side, this.view.side].map((v) => Math.round(v * digits) / digits).join(); }

  // content is where the picture is in the box, which has another aspect.
  content() {
    const { clientWidth: width, clientHeight: height } = this.box;
    const { naturalWidth, naturalHeight } = this.tile.img;
    const scale = naturalWidth > 0 ? Math.min(width / naturalWidth, height / naturalHeight) : 0;
    const content = scale > 0 ? { width: naturalWidth * scale, height: naturalHeight * scale } : { width, height };
    return { ...content, left: (width - content.width) / 2, top: (height - content.height) / 2 };
  }

  // look changes the part. It keeps it inside of the picture.
  look(x, y, side) {
    const round = (v) => Math.round(v * digits) / digits;
    side = round(within(side, this.least(), 1));
    this.view = { x: round(within(x, 0, 1 - side)), y: round(within(y, 0, 1 - side)), side };
    this.place();
    this.say();
    this.request();
  }

  least() { return Math.min(1, Math.max(leastPixels / this.camera, 1 / 64)); }

  // zoom makes the part smaller by a factor, around a point of the box in fractions of the content.
  zoom(factor, [u, v] = [0.5, 0.5]) {
    const { x, y, side } = this.view;
    const after = within(side / factor, this.least(), 1);
    this.look(x + u * (side - after), y + v * (side - after), after);
  }

  // pan moves the part, in fractions of it.
  pan(u, v) { this.look(this.view.x + u * this.view.side, this.view.y + v * this.view.side, this.view.side); }

  whole() { this.look(0, 0, 1); }

  // place moves and stretches the <img> so that the view is where it belongs.
  place() {
    const { width, height, left, top } = this.content();
    const { view, loaded } = this;
    const scale = loaded.side / view.side;
    const right = left * (1 - scale) + (loaded.x - view.x) / view.side * width;
    const down = top * (1 - scale) + (loaded.y - view.y) / view.side * height;
    this.tile.img.style.transform = loaded === view ? '' : `translate(${right}px, ${down}px) scale(${scale})`;
  }

  // request requests the pictures of the view soon.
  request(pause = requestPause) {
    const now = performance.now();
    if (!this.timer) this.due = now + requestWait;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), pause > requestPause ? pause : Math.max(0, Math.min(pause, this.due - now)));
  }

  // load loads the pictures of the view below those that are shown, which go when the first one is there.
  load() {
    this.drop();
    const { view } = this;
    const { width } = this.parameters();
    if (this.tile.mode !== 'stream' || this.isLoaded(width)) return;
    const img = new Image();
    this.next = img;
    img.alt = this.tile.img.alt;
    img.draggable = false;
    img.onerror = () => {
      if (this.next !== img) return;
      this.drop();
      this.request(statePeriod);
    };
    img.src = this.tile.url('stream');
    this.box.insertBefore(img, this.tile.img);
    const check = async () => {
      if (this.next !== img) return;
      if (img.naturalWidth > 0) {
        await Promise.race([img.decode().catch(() => {}), new Promise((done) => setTimeout(done, 100))]);
        if (this.next === img) this.take(img, view, width);
        return;
      }
      setTimeout(check, 30);
    };
    check();
  }

  isLoaded(width) {
    const { view, loaded } = this;
    const same = view.x === loaded.x && view.y === loaded.y && view.side === loaded.side && width <= this.width;
    if (same) {
      this.loaded = view;
      this.place();
    }
    return same;
  }

  // take makes an <img> the one that is shown.
  take(img, part, width) {
    const last = this.tile.img;
    this.next = null;
    img.onerror = null;
    this.tile.adopt(img);
    this.loaded = part;
    this.width = width;
    this.place();
    last.removeAttribute('src'); // which ends its stream
    last.remove();
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

  // began says that the tile has begun to show the view by itself.
  began() {
    this.drop();
    this.loaded = this.view;
    this.width = this.parameters().width;
    this.place();
  }

  // say shows what the zoom is, and what links lead to.
  say() {
    const { side } = this.view;
    const toolbar = this.box.querySelector('.zoom');
    toolbar.querySelector('output').value = `${(1 / side).toFixed(1)}×`;
    toolbar.querySelector('[data-zoom=in]').disabled = side <= this.least();
    for (const name of ['out', 'whole']) toolbar.querySelector(`[data-zoom=${name}]`).disabled = side === 1;
    if (document.activeElement.disabled) this.box.focus(); // so that the keys still work
    this.box.toggleAttribute('data-zoomed', side < 1);
    for (const element of document.querySelectorAll('[data-url]')) {
      const url = new URL(element.dataset.url, root);
      if (side < 1) url.search = `crop=${this.crop()}`;
      element.textContent = url;
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
      if (this.view.side < 1 || this.pointers.size > 1) this.box.setPointerCapture(event.pointerId);
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

  // wheel zooms around the pointer. A wheel that would show more than the whole picture scrolls the page.
  wheel(event) {
    if (event.deltaY === 0 || event.deltaY > 0 && this.view.side === 1) return;
    event.preventDefault();
    const pixels = event.deltaY * [1, 33, 400][event.deltaMode];
    this.zoom(Math.exp(-within(pixels, -300, 300) * (event.ctrlKey ? 0.01 : 0.002)), this.at(event)); // with ctrl it is a pinch on a touchpad
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
