// Keeps the WebSocket of a page, which carries the states of all cameras and pictures of some. docs/live.md describes its messages.
'use strict';

const reconnectPause = 1000; // ms between the end of one connection and the next attempt, about
const longestPause = 2000; // ms, about; the pause doubles with every attempt that fails
const tick = 1000; // ms between two checks whether the connection is whole
const silence = 6; // of them without a message, after which it is not: framegate sends the time every 2 s
const sleep = 5000; // ms between two of them, after which the machine has slept
const headSize = 24; // bytes before the JPEG in a message with a picture
const placeholderFlag = 1; // is set in the flags of a placeholder
const drift = 0.1; // ms by which the clocks may drift apart between two messages

// A Live connects whenever the page has no connection. The functions in on are the callbacks: cameras(list), camera(one),
// configuration(state or null), wall(settings), picture(tile, jpeg, received), ended(tile, problem), opened(again) and closed(). received is when the
// picture arrived from the camera, by performance.now(), and null if it is a placeholder. closed is also called when an attempt to
// connect fails.
class Live {
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.before = false; // there was a connection
    this.pause = reconnectPause;
    this.offset = Infinity; // ms by which performance.now() is ahead of framegate's clock, as far as messages that came quickly say
    this.attempt = null; // the socket that is open or is to be
    this.socket = null; // the one that is open
    this.timer = null; // of the next attempt; null while there is a connection or an attempt
    this.heard = false; // a message has come since the last check
    this.quiet = 0; // checks in a row before which no message came
    this.checked = Date.now(); // when the last check was
    this.connect();
    setInterval(() => this.check(), tick);
    addEventListener('online', () => this.again());
  }

  // check gives up a connection on which nothing comes, or an attempt that leads nowhere, and one from before the machine slept.
  check() {
    const now = Date.now();
    const slept = now - this.checked > sleep && !document.hidden; // timers of hidden tabs are slow
    this.checked = now;
    this.quiet = this.heard ? 0 : this.quiet + 1;
    this.heard = false;
    if (slept) this.again();
    else if (!this.timer && this.quiet >= silence) this.lose();
  }

  // again connects at once: the network may have changed.
  again() {
    if (!this.timer) this.lose();
    clearTimeout(this.timer);
    this.connect();
  }

  connect() {
    this.timer = null;
    this.quiet = 0;
    let socket;
    try {
      socket = new WebSocket(this.url);
    } catch { // Safari before 15.4 takes 'self' in the page's policy for http only
      this.lose();
      return;
    }
    this.attempt = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.socket = socket;
      this.pause = reconnectPause;
      this.offset = Infinity;
      this.on.opened(this.before);
      this.before = true;
    };
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = () => this.lose();
  }

  // lose gives up a connection, and connects again after a while that is not the same for all pages. A broken connection would delay onclose.
  lose() {
    const socket = this.attempt;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.attempt = this.socket = null;
    this.on.closed();
    this.timer = setTimeout(() => this.connect(), this.pause * (0.5 + Math.random()));
    this.pause = Math.min(this.pause * 2, longestPause);
  }

  receive(data) {
    this.heard = true;
    if (typeof data !== 'string') {
      const head = new DataView(data);
      this.compare(Number(head.getBigInt64(16)));
      const received = head.getUint32(4) & placeholderFlag ? null : this.at(Number(head.getBigInt64(8)) / 1000);
      this.on.picture(head.getUint32(0), new Blob([new Uint8Array(data, headSize)], { type: 'image/jpeg' }), received);
      return;
    }
    const message = JSON.parse(data);
    if (message.time) this.compare(message.time);
    if (message.wall) this.on.wall(message.wall);
    if ('configuration' in message) this.on.configuration(message.configuration);
    if (message.cameras) this.on.cameras(message.cameras);
    if (message.camera) this.on.camera(message.camera);
    if (message.ended) this.on.ended(message.ended.tile, message.ended.problem);
  }

  // compare takes in framegate's time, in µs, when a message was sent. The clocks may drift apart.
  compare(time) { this.offset = Math.min(performance.now() - time / 1000, this.offset + drift); }

  // at returns when something was by performance.now(), which was at a time of framegate's clock in ms, and null if that is not known.
  at(time) { return this.offset === Infinity ? null : time + this.offset; }

  // send sends a message if there is a connection. A lost message needs no repeat: the end of the connection ends all tiles.
  send(message) {
    if (this.socket && this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  open(tile, camera, query) { this.send({ open: { tile, camera, query } }); }
  close(tile) { this.send({ close: tile }); }
  shown(tile) { this.send({ shown: [tile] }); }
  figures(cameras) { this.send({ figures: cameras }); }
}
