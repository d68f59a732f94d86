// Makes what is seen from what the service said. Text only ever enters as text.

import { photoUrl, sentence } from "./service.js";

const SVG = "http://www.w3.org/2000/svg";
const LANGUAGES = { CHN: "zh-Hans", HKG: "zh-Hant", MAC: "zh-Hant", TWN: "zh-Hant", JPN: "ja", KOR: "ko", PRK: "ko", VNM: "vi" };

export function element(name, { text = "", className = "", ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function count(number, one, many) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

// How many people could be found, after the filters.
function searched(answer) {
  const { people: all } = answer.gallery;
  const { people: some } = answer.scoring;
  return some === all ? count(all, "person", "people") : `${some.toLocaleString("en")} of ${count(all, "person", "people")}`;
}

// The title, what to do, and the manner (plain, warn or fault) of each way in which a search can end.
export function verdict(answer) {
  const people = searched(answer);
  const where = answer.gallery.name === null ? "all galleries" : `the gallery ${answer.gallery.name}`;
  const found = count(answer.candidates.length, "candidate", "candidates");
  switch (answer.outcome) {
    case "candidates":
      return [`${found}, most alike first`, "A candidate is a lead, not an identification: compare the photos, then confirm or reject.", ""];
    case "several_faces":
      return ["Several faces of similar size", `The search used the face in the solid frame: ${found} below. If another person is meant, cut the photo to that face and search again.`, "warn"];
    case "nobody":
      if (answer.gallery.people && !answer.scoring.people) return ["Nobody was searched", `None of the ${count(answer.gallery.people, "person", "people")} in ${where} is among those asked for. Change whom to search.`, "warn"];
      if (answer.scoring.threshold !== null && answer.gallery.people) return ["Nobody is alike enough", `Among the ${people} in ${where} nobody reaches a false-alarm probability of at most ${answer.scoring.fpir}. That does not prove that the person is not there.`, "warn"];
      return ["Nobody was found", `Among the ${people} in ${where} there is no candidate for this search. Check whom you search, or enroll people first.`, "warn"];
    case "no_face":
      return ["No face was found", "Use a photo that shows the face from the front, sharp, evenly lit and large in the picture; or cut the photo to the face.", "warn"];
    case "photo_unusable":
      if (answer.code === "quality") return ["This photo is too poor to search with", "An answer to it could not be relied on. Capture a better photo, or search with it anyway where there is none.", "warn"];
      return ["This photo can't be used", sentence(answer.reason), "warn"];
    default:
      return [`The search ended with: ${answer.outcome}`, "This page does not know this outcome; reload it.", "warn"];
  }
}

// What the service says of the photo's quality: nothing where it is good or was not measured.
export function qualityNote(answer) {
  if (!answer.quality || (answer.quality.verdict === "good" && !answer.searched_anyway)) return null;
  const { overall, verdict: judged, reasons } = answer.quality;
  const title = answer.searched_anyway ? "Searched anyway: this photo would have been refused" : `Photo quality: ${judged}`;
  const told = reasons.map(({ text, advice }) => element("li", {}, element("strong", { text: sentence(text) }), ` ${sentence(advice)}`));
  return element("div", { className: "quality small" }, element("p", { text: `${title} (${Math.round(overall)} of 100).` }), element("ul", {}, ...told));
}

export function frames(answer) {
  const all = [...answer.others.map((face) => [face.box, "other"]), ...(answer.box ? [[answer.box, "chosen"]] : [])];
  return all.flatMap(([box, kind]) => [rectangle(box, `frame-edge ${kind}`), rectangle(box, `frame ${kind}`)]);
}

function rectangle(box, className) {
  const made = document.createElementNS(SVG, "rect");
  const sides = { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top };
  for (const [key, value] of Object.entries({ ...sides, class: className })) made.setAttribute(key, value);
  return made;
}

export function candidateItem(candidate, scoring) {
  const { person } = candidate;
  const title = person.name || person.native_name || person.person_id;
  const image = element("img", { src: photoUrl(candidate), alt: `Photo on record of ${title}`, loading: "lazy", decoding: "async", width: 240, height: 300 });
  const shown = element("div", { className: "shown" }, element("span", { className: "rank", text: String(candidate.rank), "aria-label": `Rank ${candidate.rank}` }), image);
  image.addEventListener("error", () => image.replaceWith("No photo to show"), { once: true });
  const heading = element("h3", { dir: "auto", text: title });
  if (person.native_name && person.native_name !== title) {
    const language = LANGUAGES[person.nationality];
    heading.append(element("span", { className: "native", dir: "auto", text: person.native_name, ...(language && { lang: language }) }));
  }
  const facts = element("dl", {}, ...facts_of(candidate, scoring).flatMap(([name, value]) => [
    element("dt", { text: name }),
    element("dd", { dir: "auto" }, ...[value].flat()),
  ]));
  return element("li", { className: "candidate" }, shown, element("div", { className: "told" }, heading, facts));
}

// A probability for people, never rounded to certainty.
export function share(value) {
  if (value < 0.001) return "under 0.1 %";
  return value > 0.999 ? "over 99.9 %" : `${(100 * value).toFixed(1)} %`;
}

function facts_of({ person, score, photos, confidence, meaning }, scoring) {
  const note = scoring.calibrated ? [] : [" ", element("span", { className: "uncalibrated", text: "not calibrated" })];
  const documented = [person.sex, person.nationality].filter(Boolean).join(", ");
  // Who it is stands before the numbers: a number that is read first moves the comparison.
  return [
    ["Id", person.person_id],
    ["Born", person.date_of_birth || "not stated"],
    ...(documented ? [["Documents", documented]] : []),
    ["Gallery", person.gallery],
    ...(photos > 1 ? [["Photos", `${photos} compared`]] : []),
    ...(confidence === null ? [] : [["Confidence", share(confidence)]]),
    ["Score", [score.toFixed(3), ...note]],
    ...(meaning ? [["Chance", sentence(meaning)]] : []),
  ];
}

export function factsLine(answer) {
  const took = Object.values(answer.timings_ms).reduce((sum, part) => sum + part, 0);
  const notes = answer.notes.length ? ` Photo: ${answer.notes.join("; ")}.` : "";
  return `Searched ${searched(answer)} with ${answer.engine} in ${Math.max(1, Math.round(took))} ms.${notes}`;
}
