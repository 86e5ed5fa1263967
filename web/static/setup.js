// Makes the forms of the set-up work: each change is a request of the API.
'use strict';

const base = new URL(document.body.dataset.root || './', location.href);
const one = (selector) => document.querySelector(selector);

// send sends a request of the API. It returns the answer's JSON, or throws the problem.
async function send(method, path, body) {
  let answer;
  try {
    answer = await fetch(new URL(path, base), { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  } catch {
    throw { detail: 'framegate does not answer' };
  }
  if (answer.status === 401) location.reload(); // the page asks to sign in
  const json = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw json;
  return json;
}

// refused shows a problem at the field that it is about, or above the form.
function refused({ detail, parameter }) {
  const field = parameter && one(`form [name="${CSS.escape(parameter)}"]`);
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

// accepted removes what refused has shown.
function accepted() {
  one('#refusal').hidden = true;
  for (const at of document.querySelectorAll('.refusal.field')) at.remove();
  for (const field of document.querySelectorAll('[aria-invalid]')) {
    field.removeAttribute('aria-invalid');
    field.removeAttribute('aria-describedby');
  }
}

// act does something once at a time, and shows why it is refused.
async function act(button, what) {
  if (button.ariaBusy === 'true') return;
  accepted();
  button.ariaBusy = 'true';
  try {
    await what();
  } catch (problem) {
    refused(problem.detail ? problem : { detail: String(problem) });
  } finally {
    button.ariaBusy = 'false';
  }
}

const onClick = (selector, what) => {
  for (const button of document.querySelectorAll(selector)) button.addEventListener('click', () => act(button, () => what(button)));
};

// confirmed asks whether something is to be deleted.
function confirmed(what) {
  const dialog = one('#confirm');
  one('#confirm-what').textContent = `Delete ${what}?`;
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => { dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true }); });
}

onClick('[data-delete]', async (button) => {
  if (!await confirmed(button.dataset.what)) return;
  await send('DELETE', button.dataset.delete);
  if (one('#camera')) location.assign(new URL('setup', base));
  else location.reload();
});

onClick('[data-disable]', async (button) => {
  await send('PATCH', `api/cameras/${encodeURIComponent(button.dataset.disable)}`, { disabled: button.ariaPressed === 'true' ? null : true });
  location.reload();
});

// valueOf returns the value of a field as text. That of a field which is not shown is its default.
function valueOf(field) {
  if (field.closest('[data-kind]')?.hidden) return field.dataset.default;
  return field.type === 'checkbox' ? String(field.checked) : field.value.trim();
}

// changesOf returns the keys of a form that are not as they were, as in RFC 7396.
function changesOf(form) {
  const keys = {};
  const credentials = 'credentials' in form.dataset && ['url', 'username', 'password', 'vendor'].some((name) => valueOf(form.elements[name]) !== form.elements[name].was);
  for (const field of form.querySelectorAll('[data-default]')) {
    const value = valueOf(field);
    if (field.required && !field.closest('[hidden]') && !value) throw { parameter: field.name, detail: 'This is needed.' };
    const together = credentials && ['url', 'username', 'password'].includes(field.name);
    if (value === field.was && !together) continue;
    if (together && field.name === 'password' && !value) {
      throw { parameter: 'password', detail: 'type the password again: it was a part of the URL' };
    }
    if (value === field.dataset.default) keys[field.name] = null;
    else if (field.type === 'checkbox') keys[field.name] = field.checked;
    else keys[field.name] = field.type === 'number' || 'number' in field.dataset ? Number(value) : value;
  }
  return keys;
}

// showKind shows the fields of a kind of camera.
function showKind(form) {
  for (const label of form.querySelectorAll('[data-kind]')) label.hidden = (label.dataset.kind === 'vendor') !== Boolean(form.elements.vendor.value);
}

// showProbe shows what a probe has found.
async function showProbe({ found, picture, error, remedy }) {
  const canvas = one('#picture');
  canvas.hidden = !picture;
  if (error) {
    say([`It does not work: ${error}`, remedy], 'bad');
    return;
  }
  const { plan } = found;
  say([
    `It works: ${found.codec}, ${found.width}x${found.height}${found.fps ? `, ${found.fps.toFixed(1)} fps` : ''}; first picture after ${Math.round((found.connect_time + found.first_picture) * 1000)} ms`,
    `Decoded by ${plan.name}: ${[plan.decoder, plan.scaler, plan.encoder].filter(Boolean).join(', ')}. ${plan.chosen}`,
    ...(found.oddities || []).map((odd) => `Odd: ${odd}`),
  ], 'good');
  const image = await createImageBitmap(new Blob([Uint8Array.from(atob(picture), (c) => c.charCodeAt(0))], { type: 'image/jpeg' }));
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext('2d').drawImage(image, 0, 0);
}

function say(lines, kind) {
  const result = one('#result');
  result.dataset.kind = kind;
  result.replaceChildren(...lines.filter(Boolean).map((line) => Object.assign(document.createElement('p'), { textContent: line })));
}

function cameraForm(form) {
  const { id } = form.dataset;
  for (const field of form.querySelectorAll('[data-default]')) field.was = id ? (field.type === 'checkbox' ? String(field.checked) : field.value) : field.dataset.default;
  showKind(form);
  form.elements.vendor.addEventListener('change', () => showKind(form));
  const idField = form.elements.id;
  idField?.addEventListener('input', () => { idField.typed = true; });
  form.elements.name.addEventListener('input', () => {
    if (idField && !idField.typed) idField.value = form.elements.name.value.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 64);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    act(event.submitter || form, async () => {
      const keys = changesOf(form);
      if (id) await send('PATCH', `api/cameras/${encodeURIComponent(id)}`, keys);
      else await send('POST', 'api/cameras', keys);
      location.assign(new URL('setup', base));
    });
  });
  onClick('#test', async () => {
    say(['Connecting …'], 'wait');
    one('#picture').hidden = true;
    try {
      await showProbe(await send('POST', id ? `api/cameras/${encodeURIComponent(id)}/probe` : 'api/probe', changesOf(form)));
    } catch (problem) {
      say([], '');
      throw problem;
    }
  });
  onClick('#discover', async () => {
    one('#discovered').textContent = 'Asking …';
    const devices = await send('POST', 'api/discover').finally(() => { one('#discovered').textContent = ''; });
    one('#discovered').textContent = devices.length ? `${devices.length} found` : 'No camera answers. Many have ONVIF switched off; add them by their address.';
    one('#devices').replaceChildren(...devices.map((device) => {
      const item = document.createElement('li');
      const button = Object.assign(document.createElement('button'), { type: 'button', textContent: `${device.host} ${device.name} ${device.model}` });
      button.addEventListener('click', () => fill(form, device));
      item.append(button);
      return item;
    }));
  });
}

// fill fills in what a discovered camera says of itself.
function fill(form, device) {
  form.elements.name.value = device.name || device.host;
  form.elements.name.dispatchEvent(new Event('input'));
  form.elements.vendor.value = device.vendor;
  form.elements.host.value = device.host;
  if (!device.vendor) form.elements.url.value = `rtsp://${device.host}/`;
  showKind(form);
  (device.vendor ? form.elements.username : form.elements.url).focus();
}

if (one('#camera')) cameraForm(one('#camera'));
