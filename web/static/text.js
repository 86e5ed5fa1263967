// Has the texts of a page. The page carries those that its scripts need, in its language.
'use strict';

const texts = JSON.parse(document.querySelector('#texts').textContent);
const { lang } = document.documentElement;
const locale = navigator.languages.find((other) => other.slice(0, 2) === lang.slice(0, 2)) ?? lang; // such as en-GB, for times and numbers
const plurals = new Intl.PluralRules(lang);
const numbers = [0, 1].map((digits) => new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: 'min2' }));

// t returns a text with the values in its places. Where it has a form for each plural, count decides. A state that is new has no text yet.
function t(key, values = {}) {
  const text = texts[key] ?? key.split('.').pop(), form = text[plurals.select(values.count)] ?? text;
  return form.replace(/{(\w+)}/g, (_, name) => values[name]);
}

// number returns a number as text, with as many digits after the point.
const number = (value, digits = 0) => numbers[digits].format(value);
