// Says what is known of the pictures of a tile: the camera's state, why and since when, how old the picture is, and figures on demand.
'use strict';

const oldAge = 1000; // ms from which on a picture's age is shown
const ageTick = 250; // ms between two updates of the ages
const figuresTime = 2000; // ms over which the rate of a tile is counted
const sayPause = 700; // ms over which changes are gathered for screen readers
const fine = ['live', 'ready', 'idle', 'connecting', 'disabled']; // states without a reason

// duration is a time in ms as text.
function duration(ms) {
  const s = Math.floor(ms / 1000);
  if (s < 60) return t('duration.seconds', { number: s });
  return s < 3600 ? t('duration.minutes', { number: Math.floor(s / 60) }) : t('duration.hours', { number: Math.floor(s / 3600) });
}

// timeOf is a time as text, with its day unless that is today.
function timeOf(at) {
  const date = new Date(at);
  return date.toDateString() === new Date().toDateString() ? date.toLocaleTimeString(locale) : date.toLocaleString(locale);
}

// detailOf is framegate's sentence about a fault, in English, unless that only names the reason.
const detailOf = ({ error = '', reason = '' }) => (error.endsWith(`: ${reason.replaceAll('_', ' ')}`) ? '' : error);

// faultOf says why a camera has no picture, empty if it has one.
function faultOf(camera) {
  const reason = t(`reason.${camera.reason || 'failed'}`), error = detailOf(camera);
  if (!camera.error) return '';
  return error ? t('fault', { reason, error }) : reason;
}

// announce says a text to screen readers, with others of the same time.
function announce(text) {
  announce.texts.push(text);
  announce.timer ??= setTimeout(() => {
    const { texts } = announce;
    const more = texts.length - 4;
    announce.said.textContent = [...texts.slice(0, 4), ...more > 0 ? [t('tile.more', { count: more })] : []].join(t('tile.next'));
    announce.texts = [];
    announce.timer = null;
  }, sayPause);
}
announce.texts = [];
announce.timer = null;
announce.said = document.body.appendChild(document.createElement('p'));
announce.said.className = 'said';
announce.said.setAttribute('role', 'status');

// A TileState shows the state of a tile.
class TileState {
  constructor(element) {
    this.element = element;
    this.camera = null; // as framegate has last described it
    this.received = null; // when the picture that is shown arrived from the camera, by performance.now(); null if that is not known
    this.drawn = []; // when the last pictures were drawn, by performance.now()
    this.latency = null; // ms from the camera's picture to the page's, of the last one
  }

  part(name) { return this.element.querySelector(`.${name}`); }

  set(name, text) {
    const part = this.part(name);
    if (part.textContent !== text) part.textContent = text;
  }

  // say shows a state, why it is so and since when.
  say(state, fault, since) {
    const { dataset } = this.element, before = dataset.state;
    dataset.state = state;
    this.set('state', t(`state.${state}`));
    this.set('fault', fault);
    this.set('since', fine.includes(state) || !since ? '' : t('tile.since', { time: timeOf(since) }));
    if (state === before || fine.includes(state) && fine.includes(before)) return;
    announce([t('tile.changed', { camera: this.part('title').textContent, state: t(`state.${state}`) }), fault].filter(Boolean).join(t('tile.next')));
  }

  // describe takes in what framegate says of the camera. received is when its newest picture arrived, if that is all that is known.
  describe(camera, received) {
    this.camera = camera;
    if (received !== undefined) this.received = received;
    const mark = this.part('mark');
    mark.hidden = !camera.plan?.hardware;
    if (camera.plan) mark.title = t('tile.decoded-by', { decoder: camera.plan.decoder || camera.plan.name });
  }

  // picture takes in that a picture is shown.
  picture(received, known = received !== null) {
    const now = performance.now();
    this.received = received;
    this.latency = known ? now - received : null;
    this.drawn.push(now);
    while (this.drawn[0] < now - figuresTime) this.drawn.shift();
  }

  // forget takes in that no picture is shown.
  forget() {
    this.received = this.latency = null;
    this.drawn = [];
  }

  // tick shows how old the picture is, and the figures if they are wanted.
  tick(mode, figures) {
    const now = performance.now();
    const age = this.received === null || this.element.dataset.state === 'disabled' ? 0 : now - this.received;
    this.set('age', age >= oldAge ? t('tile.age', { age: duration(age) }) : '');
    const part = this.part('figures');
    part.hidden = !figures;
    if (figures) part.textContent = this.figures(mode, now);
  }

  figures(mode, now) {
    if (mode === 'stream') { // an <img> does not count its pictures
      const rates = (this.camera?.renditions ?? []).filter((r) => r.viewers > 0).map((r) => r.fps_now);
      return t('tile.sent', { fps: number(Math.max(0, ...rates), 1) });
    }
    const fps = number(this.drawn.filter((at) => at > now - figuresTime).length * 1000 / figuresTime, 1);
    return this.latency === null ? t('tile.rate', { fps }) : t('tile.figures', { fps, latency: number(this.latency) });
  }
}
