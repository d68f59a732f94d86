// The form of one candidate's verdict: shown, read, and checked by the rules that casework has too.
export class Verdict {
  constructor(form, changed, save) {
    this.form = form;
    this.features = [...form.querySelectorAll("[data-feature]")];
    this.wrong = form.querySelector("#wrong");
    this.confidence = form.querySelector("#confidence");
    this.isSure = false;
    form.addEventListener("input", (event) => {
      if (event.target === this.confidence) this.#sure(true);
      this.wrong.hidden = true;
      this.#said("draft");
      changed(this.fields());
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      save();
    });
  }

  show(given, isDraft) {
    this.form.reset();
    this.wrong.hidden = true;
    for (const radio of this.form.elements.verdict) radio.checked = radio.value === given?.verdict;
    const seen = new Map((given?.reasons ?? []).map((reason) => reason.split(":")));
    for (const select of this.features) select.value = seen.get(select.dataset.feature) ?? "";
    this.confidence.value = given?.confidence ?? 50;
    this.#sure(typeof given?.confidence === "number");
    this.form.elements.remark.value = given?.remark ?? "";
    this.#said(isDraft ? "draft" : given ? "saved" : "");
  }

  // The verdict that is shown has been taken by the service.
  sent() {
    this.#said("saved");
  }

  choose(opinion) {
    const radio = this.form.querySelector(`[name=verdict][value=${opinion}]`);
    radio.checked = true;
    radio.focus();
    radio.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // As it stands; confidence is null until the slider was moved.
  fields() {
    return {
      verdict: this.form.elements.verdict.value,
      confidence: this.isSure ? Number(this.confidence.value) : null,
      reasons: this.features.filter((one) => one.value).map((one) => `${one.dataset.feature}:${one.value}`),
      remark: this.form.elements.remark.value,
    };
  }

  // What can be sent; null, with why, where it can't.
  checked() {
    const given = this.fields();
    const why = this.#why(given);
    this.wrong.hidden = !why;
    if (!why) return given;
    this.wrong.textContent = this.wrong.dataset[why];
    return null;
  }

  #why({ verdict, confidence, reasons }) {
    const count = (seen) => reasons.filter((reason) => reason.endsWith(`:${seen}`)).length;
    if (!verdict) return "opinion";
    if (verdict === "same_person" && (count("similar") < 2 || count("different"))) return "same";
    if (verdict === "different_person" && !count("different")) return "different";
    if (verdict === "inconclusive" && !reasons.length) return "inconclusive";
    return confidence === null ? "sure" : "";
  }

  #sure(isSure) {
    this.isSure = isSure;
    this.form.querySelector("#sure").textContent = isSure ? this.confidence.value : "–";
  }

  #said(what) {
    const said = this.form.querySelector("#saved");
    said.textContent = what ? said.dataset[what] : "";
  }
}
