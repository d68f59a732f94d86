// The comparison: one candidate after the other beside the person in custody, each opened and judged; then the scores.
import { ask, make, Refused } from "/static/asking.js";
import { Drafts } from "/static/drafts.js";
import { keys } from "/static/review_keys.js";
import { Panes } from "/static/panes.js";
import { Verdict } from "/static/verdict.js";

const $ = (selector) => document.querySelector(selector);
const state = JSON.parse($("#state").textContent);
const words = $("#compare").dataset;
const panes = new Panes($("#probe"), $("#candidate"));
// Exercises of training are compared on this page too, at addresses of their own.
const { at, service } = state.addresses;
const drafts = new Drafts(state.account, state.review, `${service}/verdicts`, told);
const verdict = new Verdict($("#verdict"), changed, save);
const photos = new Map();
let place = Math.max(0, state.candidates.findIndex((one) => !one.verdict && !drafts.unsent[one.id]));
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const decided = (one) => drafts.unsent[one.id] ?? one.verdict;

async function photo(address) {
  const answer = await ask(address, { method: "GET" });
  const face = JSON.parse(answer.headers.get("X-Face"));
  return { image: await createImageBitmap(await answer.blob()), points: face.points, quality: face.quality };
}

function under(found, date) {
  const quality = found.quality === null ? words.noFace : filled(words.quality, { quality: found.quality });
  return `${date} · ${quality}`;
}

async function showProbe() {
  try {
    const found = await photo(`${at}/probe`);
    panes.show("probe", found);
    $("#probe-said").textContent = under(found, $("#probe-said").dataset.taken);
  } catch (fault) {
    again($("#probe-said"), fault, showProbe);
  }
}

async function show(next) {
  place = (next + state.candidates.length) % state.candidates.length;
  const one = state.candidates[place];
  $("#candidate-name").textContent = filled(words.candidate, { place: place + 1, count: state.candidates.length });
  verdict.show(drafts.typed(one.id) ?? decided(one), Boolean(drafts.typed(one.id)));
  scores(one);
  strip();
  await open(one);
}

async function open(one) {
  panes.show("candidate", photos.get(one.id) ?? null);
  const said = $("#candidate-said");
  if (!photos.has(one.id)) {
    said.textContent = words.loading;
    try {
      photos.set(one.id, await photo(`${at}/candidates/${one.id}/picture`));
    } catch (fault) {
      // Its bytes were never kept: it counts as opened, since there is nothing more to be seen.
      if (fault.status === 404) {
        one.opened = true;
        said.textContent = words.noPhoto;
        return strip();
      }
      return again(said, fault, () => open(one));
    }
    one.opened = true;
  }
  if (state.candidates[place] !== one) return strip();
  panes.show("candidate", photos.get(one.id));
  said.textContent = under(photos.get(one.id), one.taken ?? words.noDate);
  strip();
}

function again(said, fault, retry) {
  if (fault.status === 401) told({ what: "signin" });
  const button = make("button", { type: "button", class: "plain", text: words.retry });
  button.addEventListener("click", retry);
  said.replaceChildren(words.failed, " ", fault instanceof Refused ? fault.message : "", " ", button);
}

function scores(one) {
  const box = $("#scores");
  box.hidden = state.state === "blind";
  if (box.hidden) return;
  const facts = make("dl", { class: "facts" });
  for (const field of one.person ?? []) facts.append(make("dt", { text: field.label }), make("dd", { text: field.value, ...(field.lang && { lang: field.lang }) }));
  const record = one.person ? facts : make("p", { class: "quiet", text: words.gone });
  const engines = one.agreement ? [make("p", { class: "small", text: one.agreement })] : [];
  // What has to be known is said; what the figures rest on is long, and there to be unfolded.
  const told = state.told.map(({ warns, title, text, lang }) => {
    const said = make("p", { lang, text });
    return warns ? make("div", { class: "message warn small" }, make("strong", { text: title }), said) : make("details", { class: "small" }, make("summary", { text: title }), said);
  });
  box.replaceChildren(make("p", { class: "strength", text: one.strength }), ...engines, make("p", { class: "small quiet", text: `${filled(words.rank, { rank: one.rank })}, ${filled(words.score, { score: one.score })}` }), ...told, record);
}

function standing(one) {
  if (drafts.typed(one.id) || drafts.unsent[one.id]) return "unsaved";
  if (one.verdict) return "judged";
  return one.opened ? "opened" : "unopened";
}

function strip() {
  const items = state.candidates.map((one, at) => {
    const found = standing(one);
    const name = `${filled(words.candidate, { place: at + 1, count: state.candidates.length })}, ${words[found]}`;
    const button = make("button", { type: "button", class: `mark ${found} ${decided(one)?.verdict ?? ""}`, text: String(at + 1), "aria-label": name, title: words[found] });
    if (at === place) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => show(at).then(() => $("#strip").children[at].firstChild.focus()));
    return make("li", {}, button);
  });
  $("#strip").replaceChildren(...items);
  finish();
}

function finish() {
  const left = $("#left");
  const unopened = state.candidates.filter((one) => !one.opened).length;
  const open = state.candidates.filter((one) => !decided(one));
  const same = state.candidates.some((one) => decided(one)?.verdict === "same_person");
  const ready = !open.length;
  $("#reveal")?.setAttribute("aria-disabled", String(!ready));
  $("#nobody")?.setAttribute("aria-disabled", String(unopened > 0 || same));
  const text = unopened ? filled(left.dataset.open, { count: unopened }) : open.length ? filled(left.dataset.judge, { count: open.length }) : left.dataset.ready;
  left.textContent = state.state === "blind" ? text : "";
}

function changed(fields) {
  drafts.type(state.candidates[place].id, fields);
  strip();
}

async function save() {
  const one = state.candidates[place];
  const given = verdict.checked();
  if (!given) return;
  drafts.type(one.id, null);
  const sending = drafts.decide(one.id, { candidate: one.id, ...given });
  const next = state.candidates.findIndex((other, at) => at !== place && !decided(other));
  if (next >= 0 || place + 1 < state.candidates.length) await show(next >= 0 ? next : place + 1);
  else strip();
  // Out of the form, so that single keys work for the next one.
  $("#candidate").focus({ preventScroll: true });
  await sending;
}

// What became of something that was sent.
function told({ what, candidate, verdict: given, why, code }) {
  const line = $("#line");
  if (what === "sent") {
    state.candidates.find((one) => one.id === candidate).verdict = given;
    if (state.candidates[place].id === candidate && !drafts.typed(candidate)) verdict.sent();
    if (!line.hidden && !Object.keys(drafts.unsent).length) {
      line.className = "message done";
      line.textContent = line.dataset.sent;
    }
    return strip();
  }
  line.hidden = false;
  line.className = `message ${what === "refused" ? "fault" : "warn"}`;
  line.replaceChildren(what === "refused" ? `${line.dataset.refused} ${why} ` : `${line.dataset[what]} `, way(what, code));
  return strip();
}

function way(what, code) {
  if (what === "signin") return make("a", { href: `/signin?to=${encodeURIComponent(location.pathname)}`, text: $("#line").dataset.signinLink });
  return code === "not_now" ? make("a", { href: location.pathname, text: $("#line").dataset.reload }) : "";
}

// The ends of the two stages: everything is sent first, and a person says so.
async function end(step) {
  if (!(await drafts.send())) return;
  try {
    await ask(`${service}/${step}`);
    location.reload();
  } catch (fault) {
    told(fault.status === 401 || fault.code === "forbidden" ? { what: "signin" } : fault instanceof Refused ? { what: "refused", why: fault.message, code: fault.code } : { what: "unsent" });
  }
}

function asks(dialog, then) {
  dialog.returnValue = "";
  dialog.addEventListener("close", () => dialog.returnValue === "yes" && then(), { once: true });
  dialog.showModal();
}

const on = (button) => button && button.getAttribute("aria-disabled") !== "true";
$("#reveal")?.addEventListener("click", () => on($("#reveal")) && asks($("#sure-of"), () => end("reveal")));
$("#close")?.addEventListener("click", () => asks($("#sure-of"), () => end("close")));

// Nobody: whoever has no verdict yet becomes a different person, for what is named.
function nobody() {
  const left = $("#left");
  if (state.candidates.some((one) => decided(one)?.verdict === "same_person")) return (left.textContent = left.dataset.same);
  if (!on($("#nobody"))) return undefined;
  const open = state.candidates.filter((one) => !decided(one));
  if (!open.length) return asks($("#sure-of"), () => end("reveal"));
  $("#nobody-words").textContent = filled($("#nobody-words").dataset.some, { count: open.length });
  return asks($("#nobody-of"), () => judgeAll(open));
}

async function judgeAll(open) {
  const reasons = [...document.querySelectorAll("[name=differs]:checked")].map((box) => `${box.value}:different`);
  for (const one of open) {
    drafts.type(one.id, null);
    await drafts.decide(one.id, { candidate: one.id, verdict: "different_person", confidence: Number($("#nobody-sure").value), reasons, remark: "" });
  }
  await show(place);
}

$("#nobody")?.addEventListener("click", nobody);
$("#nobody-yes").addEventListener("click", (event) => {
  const named = document.querySelector("[name=differs]:checked");
  $("#nobody-wrong").hidden = Boolean(named);
  if (!named) event.preventDefault();
});
$("#nobody-sure").addEventListener("input", (event) => ($("#nobody-out").textContent = event.target.value));

$("#previous").addEventListener("click", () => show(place - 1));
$("#next").addEventListener("click", () => show(place + 1));
keys(panes, { previous: () => show(place - 1), next: () => show(place + 1), save, nobody, choose: (opinion) => verdict.choose(opinion) });

// From here on everything answers.
$("#help").disabled = false;
$("#compare").inert = false;
showProbe();
show(place);
drafts.send();
