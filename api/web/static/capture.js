// Photos before they are kept: dropped, pasted, chosen or taken; each judged at once, and cut where a face is chosen.
import { ask, make, Refused } from "/static/asking.js";

const ROOM = 2.2; // The side of a cut in widths of the face's box, so that hair, ears and chin are in it.
const cards = [];
const root = document.querySelector("#capture");
const words = root.dataset;

export function photos() {
  return cards.filter((card) => card.blob && card.judged && card.judged.faces.length);
}

// Whether a photo shows several people, and nobody has said who is meant; the choice gets the focus.
export function undecided() {
  const card = cards.find((one) => one.judged?.state === "several_faces" && one.judged.faces.length > 1);
  card?.item.querySelector(".face-choice")?.focus();
  return Boolean(card);
}

export function kept(card) {
  cards.splice(cards.indexOf(card), 1);
  card.item.remove();
}

async function add(file, takenOn = "") {
  const card = { file, takenOn, blob: file, judged: null, item: make("li", { class: "judged-photo" }), taken: null };
  cards.push(card);
  root.querySelector("#judged").append(card.item);
  if (file.size > Number(words.mostBytes)) return tell(card, words.tooLarge);
  await judge(card);
}

async function judge(card) {
  tell(card, words.checking);
  const form = new FormData();
  form.append("photo", card.blob, "photo");
  try {
    card.judged = await (await ask("/photos/check", { body: form })).json();
    card.bitmap = await bitmap(card.blob);
    show(card);
  } catch (fault) {
    card.judged = null;
    const again = make("button", { type: "button", class: "button second small", text: words.retry });
    again.addEventListener("click", () => judge(card));
    tell(card, fault instanceof Refused ? fault.message : words.unreachable, again);
  }
}

async function bitmap(blob) {
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    // HEIC and TIFF are shown by no browser: the service makes a JPEG of them.
    const form = new FormData();
    form.append("photo", blob, "photo");
    try {
      return await createImageBitmap(await (await ask("/v1/preview", { body: form })).blob());
    } catch {
      return null;
    }
  }
}

function tell(card, text, ...more) {
  card.item.replaceChildren(make("p", { text }), ...more, remover(card));
}

function show(card) {
  const { judged } = card;
  const parts = [picture(card)];
  const told = make("div", { class: "stack told" });
  if (judged.said) told.append(make("p", { class: "message warn", text: judged.said }));
  if (judged.exactly) told.append(make("p", { class: "small quiet", lang: "en", text: judged.exactly }));
  if (judged.quality) told.append(...quality(judged.quality));
  if (judged.faces.length) told.append(taken(card));
  told.append(remover(card));
  card.item.replaceChildren(...parts, told);
}

function picture(card) {
  const figure = make("figure", { class: "framed" });
  if (!card.bitmap) return figure;
  const canvas = make("canvas", { role: "img", "aria-label": words.photo });
  const scale = Math.min(1, 640 / Math.max(card.bitmap.width, card.bitmap.height));
  canvas.width = Math.round(card.bitmap.width * scale);
  canvas.height = Math.round(card.bitmap.height * scale);
  const pen = canvas.getContext("2d");
  pen.drawImage(card.bitmap, 0, 0, canvas.width, canvas.height);
  figure.append(canvas);
  card.judged.faces.forEach((face, place) => {
    frame(pen, canvas, face, place === 0);
    if (card.judged.faces.length > 1) figure.append(chooser(card, face, place));
  });
  return figure;
}

function frame(pen, canvas, face, chosen) {
  const box = [face.left * canvas.width, face.top * canvas.height, (face.right - face.left) * canvas.width, (face.bottom - face.top) * canvas.height];
  pen.setLineDash(chosen ? [] : [6, 4]);
  for (const [colour, width] of [["rgb(0 0 0 / 65%)", 5], ["#ffffff", 2.5]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.strokeRect(...box);
  }
}

function chooser(card, face, place) {
  const button = make("button", { type: "button", class: "face-choice", "aria-label": `${words.choose} ${place + 1}`, title: words.cut });
  button.style.left = `${100 * Math.max(0, face.left)}%`;
  button.style.top = `${100 * Math.max(0, face.top)}%`;
  button.style.width = `${100 * (face.right - face.left)}%`;
  button.style.height = `${100 * (face.bottom - face.top)}%`;
  button.addEventListener("click", () => cut(card, face));
  return button;
}

async function cut(card, face) {
  const { width, height } = card.bitmap;
  const side = (ROOM * (face.right - face.left) * width) / 2;
  const middle = { x: ((face.left + face.right) / 2) * width, y: ((face.top + face.bottom) / 2) * height };
  const left = Math.max(0, Math.round(middle.x - side));
  const top = Math.max(0, Math.round(middle.y - side));
  const canvas = make("canvas");
  canvas.width = Math.min(width, Math.round(middle.x + side)) - left;
  canvas.height = Math.min(height, Math.round(middle.y + side)) - top;
  canvas.getContext("2d").drawImage(card.bitmap, -left, -top);
  card.blob = await encoded(canvas);
  await judge(card);
}

async function encoded(canvas) {
  const exact = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (exact.size <= Number(words.mostBytes)) return exact;
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
}

function quality(found) {
  const manner = { good: "good", poor: "warn", unfit: "fault" }[found.verdict];
  const head = make("div", {}, make("strong", { text: `${words.quality} ${found.overall}/100` }), ` ${found.said}`, bar(found.overall, manner, words.quality));
  const advice = make("ul", { class: "advice" }, ...found.advice.map((one) => make("li", {}, make("strong", { text: one.text }), ` ${one.advice}`)));
  const rows = found.components.map((one) => make("li", {}, make("span", { text: one.name }), bar(one.score, one.score < 40 ? "warn" : "", one.name)));
  const all = make("details", {}, make("summary", { text: words.components }), make("ul", { class: "components" }, ...rows));
  return [head, ...(found.advice.length ? [advice] : []), all];
}

const SVG = "http://www.w3.org/2000/svg";
function bar(score, manner, name) {
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("class", `bar ${manner}`);
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", `${name}: ${score}/100`);
  for (const [kind, width] of [["bar-whole", 100], ["bar-part", score]]) {
    const part = document.createElementNS(SVG, "rect");
    part.setAttribute("class", kind);
    part.setAttribute("width", `${width}%`);
    part.setAttribute("height", "100%");
    drawn.append(part);
  }
  return drawn;
}

let places = 0;
function taken(card) {
  places += 1;
  const input = make("input", { type: "date", id: `taken-${places}` });
  input.value = card.taken?.value ?? card.takenOn;
  card.taken = input;
  return make("div", { class: "field" }, make("label", { for: input.id, text: `${words.taken} ${words.optional}` }), input);
}

function remover(card) {
  const button = make("button", { type: "button", class: "plain", text: words.remove });
  button.addEventListener("click", () => {
    kept(card);
    root.querySelector("#files").focus();
  });
  return make("div", {}, button);
}

// The ways in.
const drop = root.querySelector("#drop");
for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  [...event.dataTransfer.files].forEach((file) => add(file));
});
document.addEventListener("paste", (event) => [...(event.clipboardData?.files ?? [])].forEach((file) => add(file)));
const files = root.querySelector("#files");
function chosen() {
  [...files.files].forEach((file) => add(file));
  files.value = "";
}
files.addEventListener("change", chosen);
// Whoever was quicker than this script has chosen already.
chosen();

// The camera, where there is one.
const video = root.querySelector("#video");
const finder = root.querySelector("#viewfinder");
const opener = root.querySelector("#camera");
const refusal = root.querySelector("#camera-refused");
opener.hidden = !navigator.mediaDevices?.getUserMedia;
opener.addEventListener("click", async () => {
  refusal.hidden = true;
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 }, height: { ideal: 1080 } } });
    finder.hidden = false;
    await video.play();
    root.querySelector("#shoot").focus();
  } catch (fault) {
    finder.hidden = true;
    const why = { NotAllowedError: words.cameraDenied, NotFoundError: words.cameraAbsent, NotReadableError: words.cameraBusy }[fault.name];
    refusal.textContent = why ?? `${words.camera} ${fault.message}`;
    refusal.hidden = false;
  }
});
root.querySelector("#shoot").addEventListener("click", async () => {
  const canvas = make("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  // Taken here and now, so its day is known; no other photo's is.
  const now = new Date();
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  add(await encoded(canvas), day);
});
function close() {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  finder.hidden = true;
  opener.focus();
}
root.querySelector("#stop").addEventListener("click", close);
window.addEventListener("pagehide", () => video.srcObject && close());
