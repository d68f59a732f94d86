// Photos added to a case that is there.
import { undecided } from "/static/capture.js";
import { keep } from "/static/keeping.js";
import { Refused } from "/static/asking.js";

const form = document.querySelector("#new-photo");
const failed = form.querySelector("#failed");
const button = form.querySelector("button.button:not([type])");
button.disabled = false;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (undecided()) return;
  failed.hidden = true;
  button.disabled = true;
  try {
    await keep(form.dataset.case);
    location.assign(`/cases/${form.dataset.case}`);
  } catch (fault) {
    failed.textContent = fault instanceof Refused ? `${form.dataset.failed} ${fault.message}` : form.dataset.unreachable;
    failed.hidden = false;
    button.disabled = false;
  }
});
