// The page's conduct: a photo comes in by drop, paste or choice, is searched with, and the answer is shown.

import { Fault, galleries, identify, preview } from "./service.js";
import { candidateItem, element, factsLine, frames, meaningOf, qualityNote, verdict } from "./view.js";
import { number, people, say as word } from "./words.js";

const part = (id) => document.getElementById(id);
const [drop, picture, image, overlay, unseen, input, form] = ["drop", "picture", "photo", "frames", "unseen", "file", "search"].map(part);
const [said, progress, meaning, list, facts, again] = ["said", "progress", "meaning", "candidates", "facts", "again"].map(part);
const answerPart = part("answer");
const mostBytes = Number(document.body.dataset.maxPhotoBytes);

let photo = null;
let leftOut = 0;
let last = { anyway: false };
let running = null;
let shownUrl = "";
let shown = Promise.resolve();

function say(title, text, manner = "", ...more) {
  said.className = `said ${manner}`;
  said.replaceChildren(element("h2", { text: title }), element("p", { text }), ...more);
}

function clear() {
  overlay.replaceChildren();
  list.replaceChildren();
  list.classList.remove("old");
  facts.textContent = "";
  meaning.hidden = part("legend").hidden = true;
  for (const field of form.elements) field.removeAttribute("aria-invalid");
}

async function show(blob) {
  if (shownUrl) URL.revokeObjectURL(shownUrl);
  const url = URL.createObjectURL(blob);
  shownUrl = image.src = url;
  drop.classList.add("filled");
  part("choose").textContent = word("another");
  const seen = await image.decode().then(() => true, () => false);
  if (shownUrl !== url) return;
  picture.hidden = !seen;
  unseen.hidden = seen;
}

// The frames are in the upright photo as the service sees it. A browser may turn the file otherwise, or not open it
// at all; then the service's own view of it is shown.
async function showAsSearched(answer, signal) {
  await shown;
  if (!answer.width || signal.aborted) return;
  const ratio = image.naturalWidth / image.naturalHeight;
  const alike = !picture.hidden && Math.abs(ratio * answer.height / answer.width - 1) < 0.02;
  if (!(alike && photo.type === "image/jpeg")) await show(await preview(photo, signal));
  if (signal.aborted) return;
  overlay.setAttribute("viewBox", `0 0 ${answer.width} ${answer.height}`);
  overlay.setAttribute("preserveAspectRatio", "none");
  overlay.replaceChildren(...frames(answer));
  part("legend").hidden = !answer.box || refused(answer);
  part("legend-others").hidden = !answer.others.length;
}

function showAnswer(answer) {
  const note = qualityNote(answer);
  const [title, text, manner] = verdict(answer);
  say(title, text, note ? "warn" : manner, ...(note ? [note] : []), ...(refused(answer) ? [anywayButton()] : []));
  list.replaceChildren(...answer.candidates.map((candidate) => candidateItem(candidate, answer.scoring)));
  meaning.replaceChildren(...meaningOf(answer.scoring));
  meaning.hidden = !answer.candidates.length;
  facts.textContent = [
    answer.outcome === "photo_unusable" ? "" : factsLine(answer),
    leftOut ? word("firstOnly", { count: leftOut + 1 }) : "",
  ].join(" ").trim();
}

function refused(answer) {
  return answer.code === "quality";
}

function anywayButton() {
  const button = element("button", { className: "button", type: "button", text: word("anyway") });
  button.addEventListener("click", () => {
    answerPart.focus();
    void search({ anyway: true });
  });
  return button;
}

function showFault(fault) {
  clear();
  const retry = element("button", { className: "button", type: "button", text: word("again") });
  retry.addEventListener("click", () => void search(last));
  say(fault.title, fault.advice, "fault", ...(fault.again ? [retry] : []));
  const field = fault.field && form.elements.namedItem(fault.field);
  if (field) {
    form.querySelector("details").open = true;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }
}

async function search(asked = { anyway: false }) {
  last = asked;
  running?.abort();
  const mine = new AbortController();
  running = mine;
  list.classList.add("old");
  said.setAttribute("aria-busy", "true");
  say(word("searching"), word("searchingHow"));
  progress.hidden = false;
  try {
    const answer = await identify(photo, new FormData(form), asked.anyway, mine.signal);
    clear();
    showAnswer(answer);
    await showAsSearched(answer, mine.signal).catch(leaveUnseen);
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof Fault)) throw error;
    showFault(error);
  } finally {
    if (running === mine) {
      progress.hidden = true;
      said.removeAttribute("aria-busy");
    }
  }
}

// The candidates stand without a view of the probe; the note that it can't be shown is there already.
function leaveUnseen(error) {
  if (!(error instanceof Fault)) throw error;
  picture.hidden = true;
  unseen.hidden = false;
}

async function take(files) {
  const given = [...files];
  if (!given.length) return;
  running?.abort();
  photo = given[0];
  leftOut = given.length - 1;
  again.disabled = false;
  clear();
  shown = show(photo);
  if (photo.size > mostBytes) {
    const size = (bytes) => `${number(bytes / 2 ** 20, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} MB`;
    progress.hidden = true;
    showFault(new Fault(word("tooLarge"), word("tooLargeHow", { size: size(photo.size), most: size(mostBytes) }), { again: false }));
    return;
  }
  await search();
}

async function showGalleries() {
  const all = await galleries().catch((error) => error);
  if (all instanceof Fault) return showFault(all);
  const held = people(all.reduce((sum, gallery) => sum + gallery.people, 0));
  part("galleries").textContent = all.length === 1 ? word("inGallery", { people: held }) : word("inGalleries", { people: held, count: number(all.length) });
  const options = all.map(({ name, people: size }) => element("option", { value: name, text: `${name} (${number(size)})` }));
  part("gallery").append(...options);
}

input.addEventListener("change", () => take(input.files));
input.addEventListener("click", () => { input.value = ""; });
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (photo) void search();
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData?.files.length) void take(event.clipboardData.files);
});
// Without these a photo that misses the field would replace the page.
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length) void take(event.dataTransfer.files);
  else showFault(new Fault(word("noFile"), word("noFileHow"), { again: false }));
});
void showGalleries();
// Whoever was quicker than this script has chosen already.
if (input.files.length) void take(input.files);
