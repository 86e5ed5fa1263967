// Keeps the pictures and the states of a page's cameras current.
'use strict';

const statePeriod = 2000; // ms between two readings of the API
const snapshotPause = 200; // ms between the end of one snapshot and the next

const tiles = [...document.querySelectorAll('[data-camera]')];

// A stream's <img> needs no help while the stream runs. A stream that is refused or ends is requested again.
function keepStream(img) {
  const begin = () => { img.src = img.dataset.stream; };
  img.addEventListener('error', () => {
    img.removeAttribute('src');
    setTimeout(begin, statePeriod);
  });
  begin();
  return begin;
}

// Each snapshot is requested when the one before has arrived, so that many cameras share the few connections
// that a browser opens to one server.
function keepSnapshots(img) {
  let count = 0;
  const next = () => {
    if (document.hidden) {
      setTimeout(next, statePeriod);
      return;
    }
    const picture = new Image();
    picture.onload = () => {
      img.src = picture.src;
      setTimeout(next, snapshotPause);
    };
    picture.onerror = () => {
      img.removeAttribute('src');
      setTimeout(next, statePeriod);
    };
    picture.src = img.dataset.snapshot + '?_=' + Date.now() + '.' + count++;
  };
  next();
}

function showFacts(camera) {
  const plan = camera.plan;
  const facts = {
    source: camera.codec ? `${camera.codec} ${camera.width}x${camera.height} at ${camera.source_fps.toFixed(1)} fps` : 'nothing',
    plan: plan ? `${plan.name}: ${[plan.decoder, plan.scaler, plan.encoder].filter(Boolean).join(', ')}` : 'nothing, because nobody watches',
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
    const at = document.querySelector(`[data-fact=${name}]`);
    if (at) at.textContent = text;
  }
}

// The wall says what is wrong with the configuration file, since the previous configuration stays in effect.
async function readConfiguration() {
  const notice = document.querySelector('#configuration');
  if (!notice) return;
  const now = await (await fetch('/api/config')).json();
  notice.hidden = now.faults.length === 0;
  notice.textContent = now.faults.map((f) => `${now.file}:${f.line}: ${f.message}`).join('\n');
}

let unreachable = false; // framegate did not answer the last request

async function readStates() {
  try {
    const cameras = await (await fetch('/api/cameras')).json();
    for (const camera of cameras) {
      const tile = tiles.find((c) => c.dataset.camera === camera.id);
      if (!tile) continue;
      tile.dataset.state = camera.state;
      tile.querySelector('.state').textContent = camera.state;
      tile.querySelector('.fault').textContent = camera.error;
      if (tiles.length === 1) showFacts(camera);
    }
    await readConfiguration();
    if (unreachable) streams.forEach((begin) => begin()); // an <img> does not notice that its stream has ended
    unreachable = false;
  } catch {
    unreachable = true;
    for (const tile of tiles) tile.querySelector('.fault').textContent = 'framegate does not answer';
  }
  setTimeout(readStates, statePeriod);
}

const streams = [...document.querySelectorAll('img[data-stream]')].map(keepStream);
for (const img of document.querySelectorAll('img[data-snapshot]')) keepSnapshots(img);
readStates();
