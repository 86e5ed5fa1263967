// Keeps the list of cameras of the set-up current.
'use strict';

const list = one('#cameras'); // its rows have the ids of their cameras
let asked = Promise.resolve(); // for the last list
let due = false; // a change has come that no list has yet

// renew takes in what the server says of the list. What has not changed stays as it is, with the focus.
async function renew() {
  due = false;
  const answer = await fetch(location.href);
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
    if (!before.isEqualNode(cell)) before.replaceWith(cell);
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
  closed: () => { one('#lost').hidden = false; },
  cameras: changed, camera: changed, configuration: nothing, wall: nothing, picture: nothing, ended: nothing,
});
