// What was decided and is not with the service yet: kept in this window, sent in its order, and sent again after a lost
// network or a new sign-in. What was refused for a reason is told and not tried again.
import { ask, Refused } from "/static/asking.js";

const AGAIN = 4000;

export class Drafts {
  constructor(account, review, address, told) {
    this.address = address;
    this.name = `matcher:${account}:${review}`;
    this.told = told;
    this.sending = null;
    addEventListener("online", () => this.send());
    setInterval(() => this.send(), AGAIN);
  }

  // Typed, and not decided yet.
  typed(candidate) {
    return this.#read("typed")[candidate];
  }

  type(candidate, fields) {
    const all = this.#read("typed");
    if (fields) all[candidate] = fields;
    else delete all[candidate];
    this.#write("typed", all);
  }

  // Decided, and not sent yet: a candidate's last decision only.
  get unsent() {
    return this.#read("unsent");
  }

  decide(candidate, verdict) {
    this.#write("unsent", { ...this.unsent, [candidate]: verdict });
    return this.send();
  }

  send() {
    this.sending ??= this.#send().finally(() => (this.sending = null));
    return this.sending;
  }

  async #send() {
    // Read anew each time: another decision may come while one is sent.
    for (let next = Object.entries(this.unsent)[0]; next; next = Object.entries(this.unsent)[0]) {
      const [candidate, verdict] = next;
      try {
        await ask(this.address, { body: JSON.stringify(verdict), headers: { "Content-Type": "application/json" } });
        this.#forget(candidate, verdict);
        this.told({ what: "sent", candidate, verdict });
      } catch (fault) {
        if (!this.#failed(candidate, verdict, fault)) return false;
      }
    }
    return true;
  }

  // Whether the next one can be tried.
  #failed(candidate, verdict, fault) {
    if (!(fault instanceof Refused) || fault.status >= 500 || fault.status === 429) {
      this.told({ what: "unsent", candidate });
      return false;
    }
    // The session has ended, or began anew in another window, so that this page's token is old.
    if (fault.status === 401 || fault.code === "forbidden") {
      this.told({ what: "signin", candidate });
      return false;
    }
    this.#forget(candidate, verdict);
    this.type(candidate, verdict);
    this.told({ what: "refused", candidate, why: fault.message, code: fault.code });
    return true;
  }

  // Unless another decision came meanwhile.
  #forget(candidate, verdict) {
    const all = this.unsent;
    if (JSON.stringify(all[candidate]) === JSON.stringify(verdict)) delete all[candidate];
    this.#write("unsent", all);
  }

  #read(kind) {
    try {
      return JSON.parse(sessionStorage.getItem(`${this.name}:${kind}`)) ?? {};
    } catch {
      return {};
    }
  }

  #write(kind, value) {
    if (Object.keys(value).length) sessionStorage.setItem(`${this.name}:${kind}`, JSON.stringify(value));
    else sessionStorage.removeItem(`${this.name}:${kind}`);
  }
}
