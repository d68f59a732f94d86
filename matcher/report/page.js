
"use strict";
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const cases = read("cases"), people = read("people"), pictures = read("pictures");
const words = { candidates: "candidates", nobody: "nobody", no_face: "no face found", several_faces: "several faces",
  photo_unusable: "photo unusable", not_searched: "not searched yet" };
const torn = "one of the two engines sees this person, the other a stranger";
const list = document.getElementById("list");

// Every text enters as text: nothing in a name or an id can become an element.
function made(tag, kind, text) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  if (text !== undefined) element.textContent = text;
  return element;
}

function picture(data, alt) {
  if (!data) return made("span", "none", "no picture in this page");
  const image = made("img");
  image.src = "data:image/jpeg;base64," + data;
  image.alt = alt;
  return image;
}

function remarks(one) {
  const all = [one.photo];
  // What is wrong with an unfit photo is told by its quality already, point by point.
  if (one.reason && !(one.quality && one.outcome === "photo_unusable")) all.push(one.reason);
  if (one.others) all.push(one.others + (one.others === 1 ? " other face" : " other faces") + " in the photo");
  if (one.same) all.push("the very same photo as case " + one.same);
  return all.concat(one.notes, quality(one));
}

function quality(one) {
  if (!one.quality) return [];
  const [score, verdict, reasons, anyway] = one.quality;
  const refused = one.outcome === "photo_unusable" ? ", not searched with; --anyway does" : "";
  const said = ["photo quality " + score + " of 100, " + verdict + refused];
  if (anyway) said.push("searched anyway; it would have been refused");
  return said.concat(reasons.map(([text, advice]) => text + ": " + advice));
}

function fill(section) {
  const one = cases[section.dataset.place];
  const probe = made("div", "probe");
  probe.append(made("h2", "", one.id), picture(one.picture, "Probe of case " + one.id));
  for (const text of remarks(one)) probe.append(made("p", "said", text));
  const leads = made("ol");
  one.leads.forEach((lead, rank) => {
    const [id, gallery, name, native, born, sex, nationality] = people[lead[0]];
    const item = made("li"), button = made("button");
    button.type = "button";
    button.append(picture(pictures[lead[2]], "Candidate " + (rank + 1) + ": " + id));
    button.append(made("span", "name", [native, name].filter(Boolean).join(" ") || id));
    button.append(made("span", "small", (rank + 1) + ". " + id));
    button.append(made("span", "small", [born, sex, nationality].filter(Boolean).join(", ")));
    button.append(made("span", "small", (lead[4] === null ? "" : "confidence " + share(lead[4]) + ", ") + "score " + lead[1].toFixed(4)));
    if (lead[6] === "disagree") button.append(made("span", "small", torn));
    button.addEventListener("click", () => compare(one, rank));
    item.append(button);
    leads.append(item);
  });
  const right = made("div");
  right.append(leads);
  if (!one.leads.length) right.append(made("p", "said", words[one.outcome] || one.outcome));
  section.replaceChildren(probe, right);
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) fill(entry.target);
    else if (entry.target.firstChild) {
      // Kept as high as it was, so that nothing jumps; what is far away costs no memory.
      entry.target.style.minHeight = entry.target.offsetHeight + "px";
      entry.target.replaceChildren();
    }
  }
}, { rootMargin: "1200px 0px" });

const sections = cases.map((one, place) => {
  const section = made("section", "case");
  section.dataset.place = place;
  section.setAttribute("aria-label", "Case " + one.id);
  return section;
});
list.append(...sections);
sections.forEach((section) => seen.observe(section));

const dialog = document.getElementById("beside");
let open = null;

function compare(one, rank) {
  const lead = one.leads[rank];
  if (!lead) return;
  const [id, gallery, name, native, born, sex, nationality] = people[lead[0]];
  open = { one, rank };
  document.getElementById("probe").src = one.picture ? "data:image/jpeg;base64," + one.picture : "";
  document.getElementById("other").src = pictures[lead[2]] ? "data:image/jpeg;base64," + pictures[lead[2]] : "";
  document.getElementById("probe-text").textContent = "Case " + one.id + "\n" + one.photo;
  document.getElementById("other-text").textContent = [(rank + 1) + " of " + one.leads.length + ": " + id,
    [native, name].filter(Boolean).join(" "), [born, sex, nationality].filter(Boolean).join(", "),
    "gallery " + gallery + (lead[3] > 1 ? ", " + lead[3] + " photos compared" : ""), lead[5],
    lead[6] === "disagree" ? torn : ""].filter(Boolean).join("\n");
  if (!dialog.open) dialog.showModal();
}

// A probability for people, never rounded to certainty.
function share(value) {
  if (value < 0.001) return "under 0.1 %";
  return value > 0.999 ? "over 99.9 %" : (100 * value).toFixed(1) + " %";
}

function step(by) { if (open) compare(open.one, open.rank + by); }
document.getElementById("back").addEventListener("click", () => step(-1));
document.getElementById("next").addEventListener("click", () => step(1));
document.getElementById("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") step(-1);
  if (event.key === "ArrowRight") step(1);
});

const find = document.getElementById("find"), outcome = document.getElementById("outcome");
const counts = new Map();
for (const one of cases) counts.set(one.outcome, (counts.get(one.outcome) || 0) + 1);
for (const [name, count] of counts) {
  const option = made("option", "", (words[name] || name) + " (" + count + ")");
  option.value = name;
  outcome.append(option);
}
const texts = cases.map((one) => [one.id, one.photo, ...one.leads.map((lead) => people[lead[0]].slice(0, 4).join(" "))]
  .join(" ").toLowerCase());

const without = cases.reduce((sum, one) => sum + one.leads.filter((lead) => lead[2] < 0).length, 0);
const leftOut = without ? " To keep the page small, " + without +
  (without === 1 ? " lower candidate is" : " lower candidates are") + " without a picture." : "";

function filter() {
  const wanted = find.value.trim().toLowerCase();
  let shown = 0;
  sections.forEach((section, place) => {
    const fits = (!outcome.value || cases[place].outcome === outcome.value) && texts[place].includes(wanted);
    section.hidden = !fits;
    shown += fits;
  });
  document.getElementById("count").textContent = shown + " of " + cases.length + (cases.length === 1 ? " case." : " cases.") + leftOut;
}
find.addEventListener("input", filter);
outcome.addEventListener("change", filter);
filter();
