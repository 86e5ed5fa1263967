// Keeps the WebSocket of a page, which carries the states of all cameras and pictures of some. docs/live.md describes its messages.
'use strict';

const reconnectPause = 1000; // ms between the end of one connection and the next attempt
const headSize = 24; // bytes before the JPEG in a message with a picture

// A Live connects whenever the page has no connection. The functions that it is given are called with what comes:
// cameras(list), camera(one), picture(tile, jpeg), ended(tile, problem), opened(again) and closed().
class Live {
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.before = false; // there was a connection
    this.connect();
  }

  connect() {
    const socket = new WebSocket(this.url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.socket = socket;
      this.on.opened(this.before);
      this.before = true;
    };
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = () => {
      this.socket = null;
      this.on.closed();
      setTimeout(() => this.connect(), reconnectPause);
    };
  }

  receive(data) {
    if (typeof data !== 'string') {
      this.on.picture(new DataView(data).getUint32(0), new Blob([new Uint8Array(data, headSize)], { type: 'image/jpeg' }));
      return;
    }
    const message = JSON.parse(data);
    if (message.cameras) this.on.cameras(message.cameras);
    if (message.camera) this.on.camera(message.camera);
    if (message.ended) this.on.ended(message.ended.tile, message.ended.problem);
  }

  // send sends a message if there is a connection. Its end says the same as what cannot be sent any more.
  send(message) {
    if (this.socket && this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  open(tile, camera, query) { this.send({ open: { tile, camera, query } }); }
  close(tile) { this.send({ close: tile }); }
  shown(tile) { this.send({ shown: [tile] }); }
  figures(cameras) { this.send({ figures: cameras }); }
}
