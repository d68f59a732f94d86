// The page's texts in its language, with {values}; and its numbers.
const words = JSON.parse(document.querySelector("#words").textContent);
const language = document.documentElement.lang;

export const isEnglish = language === "en";

export function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (_, value) => values[value]);
}

export function number(value, options = {}) {
  return value.toLocaleString(language, options);
}

export function people(count) {
  return count === 1 ? say("person") : say("people", { count: number(count) });
}

// One of the texts of a table, by its code; undefined for a code that this page does not know.
export function told(table, code) {
  return words[table][code];
}
