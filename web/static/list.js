// Keeps the list of cameras of the set-up current.
'use strict';

const list = one('#cameras'); // its rows have the ids of their cameras
let asked = Promise.resolve(); // for the last list
let due = false; // a change has come that no list has yet

const patience = 10000; // ms for the list

// renew takes in what the server says of the list, in the language of the page. What has not changed stays as it is, with the focus.
async function renew() {
  due = false;
  const page = new URL(location.href);
  page.searchParams.set('lang', lang.slice(0, 2));
  const answer = await fetch(page, { signal: AbortSignal.timeout?.(patience) });
  if (answer.status >= 500) return; // of a proxy, whose page would take this one's place
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('#cameras');
  if (!fresh) {
    location.reload(); // the page asks to sign in
    return;
  }
  const ids = ({ rows }) => [...rows].map(({ dataset }) => dataset.row).join();
  if (ids(fresh) !== ids(list)) {
    list.replaceChildren(...fresh.rows);
    return;
  }
  [...fresh.rows].forEach(({ cells }, i) => [...cells].forEach((cell, j) => {
    const before = list.rows[i].cells[j];
    if (before.isEqualNode(cell)) return;
    const focused = [...before.querySelectorAll('button, a')].indexOf(document.activeElement);
    before.replaceWith(cell);
    cell.querySelectorAll('button, a')[focused]?.focus();
  }));
}

function changed() {
  if (due) return;
  due = true;
  asked = asked.then(renew).catch(() => {}); // the next connection begins with a message
}

const address = new URL('api/live', base);
address.protocol = address.protocol.replace('http', 'ws');
const nothing = () => {};
new Live(address, {
  opened: () => { one('#lost').hidden = true; },
  closed: () => {
    one('#lost').hidden = false;
    changed(); // the session may have ended
  },
  cameras: changed, camera: changed, configuration: nothing, wall: nothing, picture: nothing, ended: nothing,
});
