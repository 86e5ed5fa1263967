// Makes the forms of the set-up work: each change is a request of the API.
'use strict';

const base = new URL(document.body.dataset.root || './', location.href);
const one = (selector) => document.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// send sends a request of the API. It returns the answer's JSON, or throws the problem.
async function send(method, path, body) {
  const answer = await fetch(new URL(path, base), { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  if (answer.status === 401) location.reload(); // the page asks to sign in
  const json = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw json;
  return json;
}

let where = document; // the form that is sent

// refused shows a problem at the field that it is about, or above the form.
function refused({ detail = t('no-answer'), parameter = 'none' }) {
  const name = CSS.escape(parameter);
  const field = where.querySelector(`[name="${name}"], [name^="${name}."]`);
  const at = field ? document.createElement('p') : one('#refusal');
  at.textContent = detail;
  at.hidden = false;
  if (!field) {
    at.scrollIntoView({ block: 'center' });
    return;
  }
  at.id = `error-${parameter}`;
  at.className = 'refusal field';
  field.closest('details')?.setAttribute('open', '');
  field.setAttribute('aria-invalid', 'true');
  field.setAttribute('aria-describedby', at.id);
  field.closest('label').after(at);
  field.focus();
}

// act does something, once at a time, and shows why it is refused.
async function act(button, what) {
  if (button.ariaBusy === 'true') return;
  one('#refusal').hidden = true;
  for (const at of all('.refusal.field')) at.remove();
  for (const field of all('[aria-invalid]')) {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }
  where = button.closest('form') || document;
  button.ariaBusy = 'true';
  try {
    await what(button);
  } catch (problem) {
    refused(problem);
  }
  button.ariaBusy = null;
}

const onClick = (selector, what) => document.addEventListener('click', ({ target }) => {
  const button = target.closest(selector);
  if (button) act(button, what);
});

function onSubmit(form, what) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    act(event.submitter || form, what);
  });
}

// refresh shows what a change has made of the page. list.js does so without loading it again, which would close a dialog.
function refresh() {
  if (one('#cameras')) changed();
  else location.reload();
}

onClick('[data-delete]', async (button) => {
  const dialog = one('#confirm');
  one('#confirm-what').textContent = button.dataset.question;
  dialog.returnValue = 'no';
  dialog.showModal();
  await new Promise((resolve) => { dialog.addEventListener('close', resolve, { once: true }); });
  if (dialog.returnValue !== 'yes') return;
  await send('DELETE', button.dataset.delete);
  if (one('#camera')) location.assign(new URL('setup', base));
  else refresh();
});

onClick('[data-disable], [data-enable]', async ({ dataset: { disable, enable } }) => {
  await send('PATCH', `api/cameras/${disable || enable}`, { disabled: disable ? true : null });
  refresh();
});

// Other forms send their fields as JSON. A field with data-place ends the path, and an empty one is left out.
for (const form of all('form[data-send]')) {
  onSubmit(form, async () => {
    const body = {};
    let { path } = form.dataset;
    for (const field of form.elements) {
      if ('place' in field.dataset) path += encodeURIComponent(field.value);
      else if ('list' in field.dataset) body[field.name] = field.value.split(/[\s,]+/).filter(Boolean);
      else if (field.name && field.value) body[field.name] = field.value;
    }
    const answer = await send(form.dataset.send, path, body);
    if (answer?.url) one('#made').textContent = answer.url;
    else location.reload();
  });
}

// valueOf returns the value of a field as text. That of a field which is not shown is its default.
function valueOf(field) {
  if (field.closest('[hidden]')) return field.dataset.default;
  return field.type === 'checkbox' ? String(field.checked) : field.value.trim();
}

// changesOf returns the keys of a camera that are not as they were, as in RFC 7396. If user and password were in the URL, they and the URL
// change together.
function changesOf(form) {
  const keys = {};
  const source = ['url', 'username', 'password'];
  const moved = 'credentials' in form.dataset && ['vendor', ...source].some((name) => valueOf(form.elements[name]) !== form.elements[name].was);
  for (const field of all('[data-default]', form)) {
    const value = valueOf(field);
    const together = moved && source.includes(field.name);
    if (field.required && !field.closest('[hidden]') && !value) throw { parameter: field.name, detail: t('form.needed') };
    if (together && field.name === 'password' && !value) throw { parameter: 'password', detail: t('form.password-again') };
    if (value === field.was && !together) continue;
    const [outer, inner] = field.name.split('.');
    const at = inner ? keys[outer] ??= {} : keys;
    const number = field.type === 'number' || 'number' in field.dataset;
    at[inner || outer] = value === field.dataset.default ? null : field.type === 'checkbox' ? field.checked : number ? Number(value) : value;
  }
  const masks = masksOf();
  if (JSON.stringify(masks) !== form.masks) keys.masks = masks.length ? masks : null;
  return keys;
}

// showProbe shows what a probe has found.
async function showProbe({ found, picture, error, remedy }) {
  if (error) {
    say([t('form.fails', { error }), remedy], 'bad');
    return;
  }
  const { plan } = found;
  say([
    found.fps ? t('form.works.fps', { ...found, fps: number(found.fps, 1) }) : t('form.works', found),
    t('form.plan', { plan: plan.name, elements: [plan.decoder, plan.scaler, plan.encoder].filter(Boolean).join(', '), reason: plan.chosen }),
    ...(found.oddities || []).map((oddity) => t('form.odd', { oddity })),
  ], 'good');
  const canvas = one('#picture');
  canvas.picture = await createImageBitmap(new Blob([Uint8Array.from(atob(picture), (c) => c.charCodeAt(0))]));
  canvas.width = found.width; // its pixels may not be square
  canvas.height = found.height;
  canvas.hidden = false;
  paint();
}

function say(lines, kind) {
  one('#result').dataset.kind = kind;
  one('#result').replaceChildren(...lines.map((text) => Object.assign(document.createElement('p'), { textContent: text })));
}

const sideOf = (row, side) => row.querySelector(`[data-side=${side}]`);
const masksOf = () => all('.mask').map((row) => Object.fromEntries(['x', 'y', 'width', 'height'].map((side) => [side, Number(sideOf(row, side).value)])));

// addMask adds the fields of a mask.
function addMask(mask) {
  const row = one('#mask').content.firstElementChild.cloneNode(true);
  for (const side in mask) sideOf(row, side).value = mask[side];
  row.querySelector('button').addEventListener('click', () => {
    row.remove();
    one('#add-mask').focus();
    paint();
  });
  one('#masks').append(row);
  paint();
  return row;
}

// paint draws the picture with the masks of the form, and one more, and the text about as it will look.
function paint(more = []) {
  const { picture, width, height } = one('#picture');
  if (!picture) return;
  const context = one('#picture').getContext('2d');
  context.drawImage(picture, 0, 0, width, height);
  context.strokeStyle = '#fff';
  context.fillStyle = '#000c';
  for (const m of masksOf().concat(more)) {
    const place = [m.x * width, m.y * height, m.width * width, m.height * height];
    context.fillRect(...place);
    context.strokeRect(...place);
  }
  const { elements } = one('#camera');
  const of = (key) => elements[`overlay.${key}`];
  const size = of('size').value * height;
  const [edge, side] = of('corner').value.split('-');
  Object.assign(context, { font: `${size}px sans-serif`, fillStyle: '#fff', textAlign: side, textBaseline: edge });
  const text = [of('name').checked && elements.name.value, of('time').checked && new Date().toLocaleString('sv'), of('text').value];
  context.fillText(text.filter(Boolean).join(' '), side === 'left' ? size : width - size, edge === 'top' ? size : height - size);
}

// drawMasks lets the mouse draw masks. Their sides are whole thousandths, so that no sum exceeds 1.
function drawMasks(canvas) {
  let start = null;
  const thousandths = (offset, length) => Math.round(Math.min(1, Math.max(0, offset / length)) * 1000);
  canvas.onpointercancel = () => { start = null; };
  canvas.onpointerdown = canvas.onpointermove = canvas.onpointerup = ({ type, pointerId, offsetX, offsetY }) => {
    const [x, y] = [thousandths(offsetX, canvas.offsetWidth), thousandths(offsetY, canvas.offsetHeight)];
    if (type === 'pointerdown') {
      start = { x, y };
      canvas.setPointerCapture(pointerId);
    }
    if (!start) return;
    const mask = { x: Math.min(x, start.x) / 1000, y: Math.min(y, start.y) / 1000, width: Math.abs(x - start.x) / 1000, height: Math.abs(y - start.y) / 1000 };
    if (type === 'pointerup') start = null;
    if (type === 'pointerup' && mask.width && mask.height) addMask(mask);
    else paint(mask);
  };
}

// showKind shows the fields of a kind of camera.
function showKind(form) {
  for (const label of all('[data-kind]', form)) label.hidden = (label.dataset.kind === 'vendor') !== Boolean(form.elements.vendor.value);
}

function cameraForm(form) {
  const { id } = form.dataset;
  const { elements } = form;
  for (const field of all('[data-default]', form)) field.was = id ? valueOf(field) : field.dataset.default;
  JSON.parse(one('#masks').dataset.masks).forEach(addMask);
  form.masks = JSON.stringify(masksOf());
  onClick('#add-mask', () => sideOf(addMask({ x: 0.25, y: 0.25, width: 0.5, height: 0.5 }), 'x').focus());
  drawMasks(one('#picture'));
  showKind(form);
  form.addEventListener('input', ({ target }) => {
    if (target === elements.id) target.typed = true;
    if ([elements.host, elements.url, elements.vendor].includes(target) && one('#streams')) { // another device than the one that was found
      form.service = '';
      one('#streams').hidden = true;
    }
    if (target === elements.name && elements.id && !elements.id.typed) {
      elements.id.value = target.value.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 64);
    }
    showKind(form);
    paint();
  });
  onSubmit(form, async () => {
    await send(id ? 'PATCH' : 'POST', id ? `api/cameras/${id}` : 'api/cameras', changesOf(form));
    location.assign(new URL('setup', base));
  });
  onClick('#test', async () => {
    const keys = changesOf(form);
    say([t('form.connecting')], 'wait');
    one('#picture').hidden = true;
    const answer = send('POST', id ? `api/cameras/${id}/probe` : 'api/probe', keys);
    answer.catch(() => say([], ''));
    await showProbe(await answer);
  });
  onClick('#streams', async () => {
    const streams = await send('POST', 'api/discover/streams', { service: form.service, username: elements.username.value, password: elements.password.value });
    const [{ url, width }] = streams, last = streams.at(-1);
    elements.vendor.value = '';
    elements.url.value = url;
    elements.substream.value = last.width < width ? last.url : '';
    showKind(form);
    say(streams.map((s) => [s.url, s.codec, s.width ? `${s.width}x${s.height}` : ''].join(' ')), 'good');
  });
  onClick('#discover', async () => {
    const status = one('#discovered');
    status.textContent = t('form.asking');
    const devices = await send('POST', 'api/discover').finally(() => { status.textContent = ''; });
    status.textContent = devices.length ? '' : t('form.nobody');
    one('#devices').replaceChildren(...devices.map(({ host, name, model, vendor, service }) => {
      const button = Object.assign(document.createElement('button'), { type: 'button', textContent: `${host} ${name} ${model}` });
      button.addEventListener('click', () => {
        Object.assign(elements.name, { value: name || host }).dispatchEvent(new Event('input', { bubbles: true }));
        elements.vendor.value = vendor;
        elements.host.value = host;
        elements.url.value = `rtsp://${host}/`;
        form.service = service;
        one('#streams').hidden = false;
        showKind(form);
        elements[vendor ? 'username' : 'url'].focus();
      });
      const item = document.createElement('li');
      item.append(button);
      return item;
    }));
  });
}

if (one('#camera')) cameraForm(one('#camera'));
for (const time of all('time')) time.textContent = new Date(time.dateTime).toLocaleString(locale);
