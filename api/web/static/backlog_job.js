// A job while it is worked on: how far it is, every two seconds; and its buttons.
import { ask } from "/static/asking.js";

const card = document.querySelector("#far-card");
const fault = document.querySelector("#fault");
const OPEN = ["queued", "running"];

for (const button of document.querySelectorAll("#steer [data-do]")) {
  button.addEventListener("click", async () => {
    const { job, sure } = button.closest("#steer").dataset;
    const what = button.dataset.do;
    if (what === "remove" && !confirm(sure)) return;
    try {
      if (what === "remove") await ask(`/v1/jobs/${job}`, { method: "DELETE" });
      else await ask(`/v1/jobs/${job}/${what}`);
      location.assign(what === "remove" ? "/backlogs" : location.href);
    } catch (refused) {
      fault.textContent = refused.message;
      fault.hidden = false;
    }
  });
}

document.querySelector("#prioritise").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const said = document.querySelector("#prioritised");
  const body = JSON.stringify({ priority: Number(form.elements.priority.value) });
  try {
    await ask(`/v1/jobs/${form.dataset.job}/priority`, { body, headers: { "Content-Type": "application/json" } });
    said.textContent = said.dataset.said;
    fault.hidden = true;
  } catch (refused) {
    fault.textContent = refused.message;
    fault.hidden = false;
  }
});

if (OPEN.includes(card.dataset.state)) setTimeout(look, 1000);

async function look() {
  try {
    show(await (await ask(`/v1/jobs/${card.dataset.job}`, { method: "GET" })).json());
  } catch {
    // Lost for a moment: asked again.
    setTimeout(look, 5000);
  }
}

function show(job) {
  if (job.state !== card.dataset.state) {
    location.reload();
    return;
  }
  const { of, speed, left, nobody } = card.dataset;
  const number = new Intl.NumberFormat(document.documentElement.lang);
  const said = [fill(of, { done: number.format(job.done), total: number.format(job.total) })];
  if (job.photos_a_second) said.push(fill(speed, { speed: number.format(job.photos_a_second) }));
  if (job.seconds_left !== null) said.push(fill(left, { minutes: number.format(Math.ceil(job.seconds_left / 60)) }));
  if (!job.workers && !job.photos_a_second) said.push(nobody);
  document.querySelector("#bar").value = job.done;
  document.querySelector("#said").textContent = said.join(", ");
  setTimeout(look, 2000);
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
