// A new case with its photos: the case is opened first, then each photo is kept with it; nothing typed is lost on the way.
import { ask, make, Refused } from "/static/asking.js";
import { undecided } from "/static/capture.js";
import { keep } from "/static/keeping.js";

const form = document.querySelector("#new-case");
const button = form.querySelector("#open");
const said = form.querySelector("#opening");
let number = "";
button.disabled = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (undecided()) return;
  button.disabled = true;
  said.textContent = said.dataset.said;
  clear();
  try {
    number ||= await opened();
    await keep(number);
    location.assign(`/cases/${number}`);
  } catch (fault) {
    tell(fault);
  }
});

async function opened() {
  const answer = await ask("/cases/new", { body: new URLSearchParams(new FormData(form)) });
  return (await answer.json()).case;
}

function tell(fault) {
  button.disabled = false;
  const why = fault instanceof Refused ? fault.message : form.dataset.unreachable;
  if (fault.field && !number) at(fault.field, why);
  const text = number ? `${form.dataset.kept} ${why}` : why;
  const link = number ? [" ", make("a", { href: `/cases/${number}`, text: form.dataset.toCase })] : [];
  said.replaceChildren(make("strong", { class: "wrong", text }), ...link);
}

// What can't be taken is said at its field, which gets the focus.
function at(name, text) {
  const input = form.querySelector(`#f-${CSS.escape(name)}, [name="${CSS.escape(name)}"]`);
  if (!input) return;
  const place = input.closest(".field, fieldset");
  place.append(make("p", { class: "wrong", id: `e-${name}`, text }));
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", `e-${name}`);
  input.focus();
}

function clear() {
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  for (const wrong of form.querySelectorAll(".field > .wrong, fieldset > .wrong")) wrong.remove();
}
