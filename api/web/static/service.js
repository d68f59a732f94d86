// Asks the service; whatever goes wrong becomes one kind of error with a title and what to do.

import { say } from "./words.js";

export class Fault extends Error {
  constructor(title, advice, { field = "", again = true } = {}) {
    super(title);
    this.title = title;
    this.advice = advice;
    this.field = field;
    this.again = again;
  }
}

export function photoUrl(candidate) {
  const person = encodeURIComponent(candidate.person_id);
  const gallery = encodeURIComponent(candidate.gallery);
  return `/v1/persons/${person}/photos/${encodeURIComponent(candidate.best_photo)}?gallery=${gallery}&as=jpeg`;
}

export async function identify(photo, fields, anyway, signal) {
  const form = new FormData();
  if (anyway) form.append("anyway", "true");
  for (const [name, value] of fields) {
    if (value.trim()) form.append(name, value.trim());
  }
  form.append("photo", photo, photo.name || "pasted");
  return (await ask("/v1/identify", { method: "POST", body: form, signal })).json();
}

export async function preview(photo, signal) {
  const form = new FormData();
  form.append("photo", photo, "photo");
  return (await ask("/v1/preview", { method: "POST", body: form, signal })).blob();
}

export async function galleries() {
  return (await (await ask("/v1/galleries", {})).json()).galleries;
}

async function ask(address, options) {
  let answer;
  try {
    // Repeats what only a page of this session knows; empty where nobody is signed in.
    answer = await fetch(address, { ...options, headers: { "X-CSRF-Token": document.body.dataset.csrf } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Fault(say("silent"), say("silentHow"));
  }
  if (answer.ok) return answer;
  if (answer.status === 401) location.assign("/signin");
  throw await faultOf(answer);
}

async function faultOf(answer) {
  let told = {};
  try {
    told = (await answer.json()).error ?? {};
  } catch {
    // Not from this service, or cut off: the status is all there is to tell.
  }
  const advice = sentence(told.message ?? say("answered", { status: answer.status }));
  const field = told.field ?? "";
  if (answer.status === 401) return new Fault(say("signedOut"), say("signedOutHow"), { field });
  if (answer.status === 403) return new Fault(say("forbidden"), advice, { field, again: false });
  if (answer.status === 429) return new Fault(say("tooMany"), advice, { field });
  if (answer.status === 413) return new Fault(say("tooLarge"), advice, { field, again: false });
  if (answer.status === 422) return new Fault(say("wrong"), advice, { field, again: false });
  if (answer.status === 503) return new Fault(say("notNow"), advice, { field });
  return new Fault(say("failed"), advice, { field });
}

export function sentence(text) {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?。！？]$/.test(start) ? start : `${start}.`;
}
