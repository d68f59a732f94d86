// Makes what is seen from what the service said. Text only ever enters as text.

import { photoUrl, sentence } from "./service.js";
import { isEnglish, number, people, say, told } from "./words.js";

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

// How many people could be found, after the filters.
function searched(answer) {
  const { people: all } = answer.gallery;
  const { people: some } = answer.scoring;
  return some === all ? people(all) : say("someOf", { some: number(some), all: people(all) });
}

// The title, what to do, and the manner (plain, warn or fault) of each way in which a search can end.
export function verdict(answer) {
  const where = answer.gallery.name === null ? say("allGalleries") : say("theGallery", { name: answer.gallery.name });
  const count = answer.candidates.length;
  const values = { people: searched(answer), where, fpir: answer.scoring.fpir, count: number(count), outcome: answer.outcome };
  const told = (name, how, manner = "warn") => [say(name, values), say(how, values), manner];
  switch (answer.outcome) {
    case "candidates":
      return told(count === 1 ? "candidate" : "candidates", "candidatesHow", "");
    case "several_faces":
      return told("several", count === 1 ? "severalOne" : "severalMany");
    case "nobody":
      if (answer.gallery.people && !answer.scoring.people) return [say("nobodySearched"), say("nobodySearchedHow", { ...values, people: people(answer.gallery.people) }), "warn"];
      if (answer.scoring.threshold !== null && answer.gallery.people) return told("nobodyAlike", "nobodyAlikeHow");
      return told("nobodyFound", "nobodyFoundHow");
    case "no_face":
      return told("noFace", "noFaceHow");
    case "photo_unusable":
      if (answer.code === "quality") return told("tooPoor", "tooPoorHow");
      return [say("unusable"), isEnglish ? sentence(answer.reason) : `${say("unusableHow")} (${answer.reason})`, "warn"];
    default:
      return told("unknown", "unknownHow");
  }
}

// What the service says of the photo's quality: nothing where it is good or was not measured.
export function qualityNote(answer) {
  if (!answer.quality || (answer.quality.verdict === "good" && !answer.searched_anyway)) return null;
  const { overall, verdict: judged, reasons, components } = answer.quality;
  const title = answer.searched_anyway ? say("searchedAnyway") : say("quality", { verdict: isEnglish ? judged : told("verdicts", judged) });
  const list = reasons.map((reason) => reasonItem(reason, components[reason.code]));
  return element("div", { className: "quality small" }, element("p", { text: say("qualityOf", { title, overall: Math.round(overall) }) }), element("ul", {}, ...list));
}

function reasonItem({ code, text, advice }, measured) {
  const known = told("advice", code);
  if (!known || !measured) return element("li", {}, element("strong", { text: sentence(text) }), ` ${sentence(advice)}`);
  const values = { size: Math.round(Math.abs(measured.value)), percent: number(measured.value, { style: "percent" }) };
  return element("li", {}, element("strong", { text: known[0].replace(/%\((\w+)\)s/g, (_, name) => values[name]) }), ` ${known[1]}`);
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
  const image = element("img", { src: photoUrl(candidate), alt: say("photoOf", { name: title }), loading: "lazy", decoding: "async", width: 240, height: 300 });
  const shown = element("div", { className: "shown" }, element("span", { className: "rank", text: String(candidate.rank), "aria-label": say("rank", { rank: candidate.rank }) }), image);
  image.addEventListener("error", () => image.replaceWith(say("noPhoto")), { once: true });
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
  const percent = (share) => `${number(100 * share, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} %`;
  if (value < 0.001) return say("under", { percent: percent(0.001) });
  return value > 0.999 ? say("over", { percent: percent(0.999) }) : percent(value);
}

function facts_of(candidate, scoring) {
  const { person, score, photos, confidence } = candidate;
  const note = scoring.calibrated ? [] : [" ", element("span", { className: "uncalibrated", text: say("notCalibrated") })];
  const documented = [person.sex, person.nationality].filter(Boolean).join(", ");
  // Who it is stands before the numbers: a number that is read first moves the comparison.
  return [
    [say("id"), person.person_id],
    [say("born"), person.date_of_birth || say("notStated")],
    ...(documented ? [[say("documents"), documented]] : []),
    [say("gallery"), person.gallery],
    ...(photos > 1 ? [[say("photos"), say("compared", { count: number(photos) })]] : []),
    ...(confidence === null ? [] : [[say("confidence"), share(confidence)]]),
    [say("score"), [score.toFixed(3), ...note]],
    ...(candidate.agreement ? [[say("engines"), told("agreements", candidate.agreement)]] : []),
    ...(candidate.meaning ? [[say("chance"), chance(candidate)]] : []),
  ];
}

export function factsLine(answer) {
  const took = Object.values(answer.timings_ms).reduce((sum, part) => sum + part, 0);
  const facts = say("facts", { people: searched(answer), engine: answer.engine, ms: number(Math.max(1, Math.round(took))) });
  return answer.notes.length ? `${facts} ${say("notes", { notes: answer.notes.join("; ") })}` : facts;
}

// How often a search would show so strong a candidate by chance; in English as the service says it.
function chance({ meaning, false_alarm_probability: value, false_alarm_reach: reach }) {
  if (isEnglish) return sentence(meaning);
  if (value >= 0.5) return say("mostSearches");
  const oneIn = value > 0 ? Number((1 / value).toPrecision(2)) : 1_000_000;
  return say(reach === "beyond" ? "atMostOneIn" : "aboutOneIn", { number: number(Math.floor(oneIn)) });
}

// What the scores of an answer rest on. The service has more to say of it, in English alone.
export function meaningOf(scoring) {
  const absent = scoring.nobody === null ? [] : [say("absent", { share: share(scoring.nobody) }), " "];
  if (isEnglish) return [...absent, scoring.note];
  const rests = restsOn(scoring.basis);
  if (!scoring.calibrated) return [...rests, say("orderOnly")];
  const holds = say("holds", { people: people(scoring.people), prior: number(scoring.prior, { style: "percent", maximumFractionDigits: 1 }) });
  return [...absent, ...rests, holds, " ", calibrated(scoring.calibration)];
}

const CALIBRATED = /^Calibrated for (\S+) on ([\d,]+) people \((.*)\), (\S+); largest gallery measured ([\d,]+) people, larger ones by the law fitted there\.$/;
const OWN_DATA = /^the operator's own people in (all galleries|the gallery (.+?)), ([\d,]+) of them with several photos(?:, and ([\d,]+) photos? of cases that consulates confirmed)?$/;
const SHIPPED_DATA = "press photos of LFW, official portraits of 2015 and 2024, portraits of four groups";

// How the calibration was made, in the page's language; what it does not know how to say stays English.
function calibrated(text) {
  const [, engine, count, data, date, largest] = CALIBRATED.exec(text) ?? [];
  const from = data && dataWords(data);
  if (!from) return element("span", { lang: "en", text });
  const plain = (digits) => Number(digits.replaceAll(",", ""));
  return element("span", { text: say("calibratedFor", { engine, people: people(plain(count)), data: from, date, largest: people(plain(largest)) }) });
}

function dataWords(data) {
  if (data === SHIPPED_DATA) return say("shippedData");
  const [, all, gallery, several, confirmed] = OWN_DATA.exec(data) ?? [];
  if (!all) return "";
  const where = gallery ? say("theGallery", { name: gallery }) : say("allGalleries");
  return say(confirmed ? "ownAndCases" : "ownData", { where, several, confirmed });
}

function restsOn(basis) {
  return basis ? [say(basis), " "] : [];
}
