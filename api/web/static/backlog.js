// A new backlog: the job is made first, then its photos go to it in one stream whose progress is shown.
import { ask } from "/static/asking.js";
import { tarOf } from "/static/tar.js";

const form = document.querySelector("#upload");
const sent = document.querySelector("#sent");
const bar = document.querySelector("#sending");
const button = form.querySelector("button");
button.disabled = false;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { sending, packing, none } = form.dataset;
  const archive = form.querySelector("#archive").files[0];
  const folder = [...form.querySelector("#folder").files];
  if (!archive && !folder.length) {
    sent.textContent = none;
    return;
  }
  button.disabled = true;
  try {
    sent.textContent = archive ? sending : packing;
    const photos = archive ?? tarOf(folder);
    const given = Object.fromEntries(new FormData(form));
    const asked = { name: given.name, gallery: given.gallery, kind: given.kind ?? "photos", fpir: given.fpir ? Number(given.fpir) : null };
    const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
    const job = await (await ask("/v1/jobs", { body: JSON.stringify(asked), headers })).json();
    sent.textContent = sending;
    bar.hidden = false;
    await send(`/v1/jobs/${job.id}/photos`, photos);
    location.assign(`/backlogs/${job.id}`);
  } catch (fault) {
    sent.textContent = fault.message;
    bar.hidden = true;
    button.disabled = false;
  }
});

// fetch can't tell how much of a body has left.
function send(address, body) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("PUT", address);
    request.setRequestHeader("X-CSRF-Token", document.body.dataset.csrf ?? "");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    };
    request.onerror = () => failed(new Error(form.dataset.lost));
    request.onload = () => {
      if (request.status === 200) return done();
      let said = form.dataset.lost;
      try {
        said = JSON.parse(request.responseText).error.message;
      } catch {
        // A proxy's own words are no answer.
      }
      return failed(new Error(said));
    };
    request.send(body);
  });
}
