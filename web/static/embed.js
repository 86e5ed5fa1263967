// <framegate-camera src="https://cams.example/cameras/gate"> shows a camera on any page. docs/embedding.md describes its attributes. Each
// picture is one request, so that the element knows how long ago it came, and a picture that fails is requested again.
'use strict';

customElements.define('framegate-camera', class Camera extends HTMLElement {
  static observedAttributes = ['src', 'alt'];
  static #texts = { /* the texts */ }; // by language, which framegate puts here

  #root = this.attachShadow({ mode: 'open' });
  #img = new Image();
  #age = document.createElement('span');
  #timer; // of the next request
  #clock;
  #work = 0; // counts changes, so that what was begun before the last one ends
  #seen = false; // the element is on the screen
  #at = 0; // when the last picture came, by performance.now(); 0 for never
  #failed = false; // the last request has failed
  #sight = new IntersectionObserver(([entry]) => {
    this.#seen = entry.isIntersecting;
    this.#update();
  });
  #updater = () => this.#update();

  connectedCallback() {
    const style = new CSSStyleSheet();
    style.replaceSync(`:host { display: inline-block; position: relative; overflow: hidden; background: #14171a; aspect-ratio: 16 / 9; min-inline-size: 8rem }
      :host([hidden]) { display: none }
      img { display: block; inline-size: 100%; block-size: 100%; object-fit: contain }
      img:not([src]) { visibility: hidden }
      span { position: absolute; inset: auto 0 0; padding: .2em .5em; background: #000b; color: #fff; font: 14px/1.4 system-ui, sans-serif }
      span:empty { display: none }
      :host([data-old]) img { opacity: .5 }`);
    this.#root.adoptedStyleSheets = [style];
    this.#root.replaceChildren(this.#img, this.#age);
    this.#img.alt = this.getAttribute('alt') ?? '';
    this.#sight.observe(this);
    document.addEventListener('visibilitychange', this.#updater);
    addEventListener('online', this.#updater);
    this.#clock = setInterval(() => this.#show(), 500);
  }

  disconnectedCallback() {
    this.#sight.disconnect();
    this.#seen = false;
    document.removeEventListener('visibilitychange', this.#updater);
    removeEventListener('online', this.#updater);
    clearInterval(this.#clock);
    this.#update();
  }

  attributeChangedCallback() {
    this.#img.alt = this.getAttribute('alt') ?? '';
    this.#update();
  }

  // The pause is that between the beginnings of two requests, in ms.
  get #pause() {
    const reduced = navigator.connection?.saveData || matchMedia('(prefers-reduced-data: reduce)').matches;
    return reduced ? 10000 : 1000 / (Number(this.getAttribute('fps')) || 10);
  }

  // update begins to request pictures, or stops.
  #update() {
    this.#work++;
    clearTimeout(this.#timer);
    if (this.#seen && !document.hidden && this.getAttribute('src')) this.#next();
    this.#show();
  }

  #next() {
    const work = this.#work, began = performance.now(), img = new Image();
    const url = new URL(this.getAttribute('src'), document.baseURI);
    url.pathname = url.pathname.replace(/\/(stream|(next|snapshot)\.\w+)?$/, '') + '/next.jpg';
    url.search += `${url.search ? '&' : '?'}_=${Date.now()}`;
    const late = new Promise((_, fail) => { setTimeout(fail, 8000); }); // after a sleep, or a change of the network, there may be no answer
    const done = (pause) => { this.#timer = setTimeout(() => this.#next(), pause); };
    img.alt = this.#img.alt;
    img.style.objectFit = this.getAttribute('fit') ?? '';
    img.src = url;
    Promise.race([img.decode(), late]).then(() => {
      if (work !== this.#work) return;
      this.#img.replaceWith(img);
      this.#img = img;
      this.#at = performance.now();
      this.#failed = false;
      this.#show();
      done(Math.max(0, began + this.#pause - this.#at));
    }, () => {
      img.removeAttribute('src');
      if (work !== this.#work) return;
      this.#failed = true;
      done(1000);
    });
  }

  // show says how old the picture is, if it is old.
  #show() {
    const age = performance.now() - this.#at, old = this.#at && age > 2000 + this.#pause;
    const language = (this.closest('[lang]')?.lang || navigator.language).slice(0, 2).toLowerCase();
    const texts = Camera.#texts[language] ?? Camera.#texts.en;
    const t = (key, value) => texts[key].replace(/{\w+}/, value);
    const since = age < 60000 ? t('duration.seconds', Math.round(age / 1000)) : t('duration.minutes', Math.round(age / 60000));
    this.toggleAttribute('data-old', Boolean(old));
    this.#age.textContent = old ? t('tile.age', since) : this.#failed && !this.#at ? t('tile.no-picture') : '';
  }
});
