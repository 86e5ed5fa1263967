// Shows what a camera's page has besides the picture: figures of the last ten minutes, events, and texts to copy.
'use strict';

{
  const pause = 5000; // ms between two readings of the history
  const mostEvents = 12; // that are shown
  const [width, height] = [240, 48]; // of a plot
  const page = document.querySelector('.camera');
  const path = `cameras/${encodeURIComponent(page.dataset.camera)}`;

  // A plot has a function that gives the value of a sample: null where there is none.
  const plots = {
    fps: (s) => s.fps,
    latency: (s) => s.latency && s.latency * 1000,
    bytes: (s) => s.bytes / 1000,
    processor: (s) => (s.processor === undefined ? null : s.processor * 100),
  };

  // plot draws a line, which is interrupted where there is no value, and says what it shows.
  function plot(name, samples, span) {
    const figure = document.querySelector(`[data-plot=${name}]`);
    const text = (value) => t(`plot.value.${name}`, { value: number(value, value < 10 ? 1 : 0) });
    const values = samples.map(plots[name]);
    const known = values.filter((v) => v !== null);
    figure.hidden = known.length === 0 && name === 'processor'; // which only admins may know
    const most = Math.max(...known), end = Date.parse(samples.at(-1)?.at);
    let line = '', pen = 'M';
    values.forEach((value, i) => {
      if (value !== null) {
        const x = width * (1 - (end - Date.parse(samples[i].at)) / span);
        line += `${pen}${x.toFixed(1)} ${(height - 2 - (height - 4) * value / (most || 1)).toFixed(1)}`;
      }
      pen = value === null ? 'M' : 'L';
    });
    figure.querySelector('path').setAttribute('d', line);
    const last = values.at(-1) ?? null;
    figure.querySelector('output').value = last === null ? t('fact.none') : text(last);
    figure.querySelector('small').textContent = known.length === 0 ? t('plot.nothing') : t('plot.range', { least: text(Math.min(...known)), most: text(most) });
  }

  // textOf says in a sentence what happened.
  function textOf(event) {
    if (event.kind === 'plan_failed') return t('event.plan_failed', event);
    if (event.kind === 'plan') return t('event.plan', event);
    return event.reason && event.reason !== 'failed' ? t(`reason.${event.reason}`) : t(`event.${event.state}`);
  }

  // showEvents shows the last events, the newest first.
  function showEvents(events) {
    const list = document.querySelector('.events');
    const shown = events.slice(-mostEvents).reverse().map((event) => {
      const item = document.createElement('li'), time = document.createElement('time');
      time.dateTime = event.at;
      time.textContent = new Date(event.at).toLocaleString(locale);
      item.append(time, ` ${textOf(event)}`);
      if (event.kind === 'state') {
        const why = document.createElement('bdi');
        why.textContent = detailOf(event);
        item.append(' ', why);
      }
      return item;
    });
    list.replaceChildren(...shown);
    document.querySelector('.no-events').hidden = shown.length > 0;
  }

  async function follow() {
    try {
      if (!document.hidden) {
        const { period, samples, events } = await read(`api/${path}/history`);
        for (const name of Object.keys(plots)) plot(name, samples, Math.max(600, period * samples.length) * 1000);
        showEvents(events);
      }
    } catch { // the state says that framegate does not answer
    }
    setTimeout(follow, pause);
  }

  const said = document.querySelector('.copied');

  // copy copies a text. Without TLS a page has no clipboard, but may copy what is selected.
  async function copy(button, element) {
    try {
      await navigator.clipboard.writeText(element.textContent);
    } catch {
      getSelection().selectAllChildren(element);
      document.execCommand('copy');
    }
    button.textContent = said.textContent = t('camera.copied');
    setTimeout(() => {
      button.textContent = t('camera.copy');
      said.textContent = '';
    }, 2000);
  }

  // link makes a signed link to the stream that is shown.
  async function link() {
    const shown = document.querySelector('.signed'), refusal = document.querySelector('.link-refusal');
    const body = JSON.stringify({ path: `/${path}/stream${zoom.search()}`, for: document.querySelector('#link-time').value });
    refusal.textContent = '';
    try {
      const answer = await fetch(new URL('api/links', root), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      const made = await answer.json();
      if (!answer.ok) throw made;
      shown.textContent = new URL(made.url, location.origin);
      shown.parentElement.hidden = false;
    } catch (error) {
      refusal.textContent = error.detail ?? t('no-answer');
    }
  }

  const { zoom } = [...tiles.values()][0];
  for (const select of document.querySelectorAll('[data-choice]')) {
    select.addEventListener('change', () => zoom.choose(select.dataset.choice, Number(select.value)));
  }
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', () => copy(button, button.parentElement.querySelector('code')));
  }
  document.querySelector('#make-link')?.addEventListener('click', link);
  follow();
}
