// Keeps the WebSocket of a page, which carries the states of all cameras and pictures of some. docs/live.md describes its messages.
'use strict';

const reconnectPause = 1000; // ms between the end of one connection and the next attempt, about
const longestPause = 15000; // ms; the pause doubles with every attempt that fails
const silence = 15000; // ms without a message, after which the line is broken: framegate sends the time every 5 s
const headSize = 24; // bytes before the JPEG in a message with a picture

// A Live connects whenever the page has no connection. The functions in on are the callbacks: cameras(list), camera(one),
// picture(tile, jpeg), ended(tile, problem), opened(again) and closed(). closed is also called when an attempt to connect fails. The
// flags and times before a JPEG are ignored.
class Live {
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.before = false; // there was a connection
    this.pause = reconnectPause;
    this.heard = 0; // when the last message came
    this.connect();
    setInterval(() => { if (this.socket && performance.now() - this.heard > silence) this.lose(this.socket); }, silence / 5);
  }

  connect() {
    const socket = new WebSocket(this.url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.socket = socket;
      this.heard = performance.now();
      this.pause = reconnectPause;
      this.on.opened(this.before);
      this.before = true;
    };
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = () => this.lose(socket);
  }

  // lose gives up a connection, and connects again after a while that is not the same for all pages. A broken line would delay onclose.
  lose(socket) {
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.socket = null;
    this.on.closed();
    setTimeout(() => this.connect(), this.pause * (0.5 + Math.random()));
    this.pause = Math.min(this.pause * 2, longestPause);
  }

  receive(data) {
    this.heard = performance.now();
    if (typeof data !== 'string') {
      this.on.picture(new DataView(data).getUint32(0), new Blob([new Uint8Array(data, headSize)], { type: 'image/jpeg' }));
      return;
    }
    const message = JSON.parse(data);
    if (message.cameras) this.on.cameras(message.cameras);
    if (message.camera) this.on.camera(message.camera);
    if (message.ended) this.on.ended(message.ended.tile, message.ended.problem);
  }

  // send sends a message if there is a connection. A lost message needs no repeat: the end of the connection ends all tiles.
  send(message) {
    if (this.socket && this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  open(tile, camera, query) { this.send({ open: { tile, camera, query } }); }
  close(tile) { this.send({ close: tile }); }
  shown(tile) { this.send({ shown: [tile] }); }
  figures(cameras) { this.send({ figures: cameras }); }
}
