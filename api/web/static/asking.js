// Questions to the service: with the session's token; what is refused becomes an error that says why.
export class Refused extends Error {
  constructor(status, error) {
    super(error.message ?? String(status));
    this.status = status;
    this.code = error.code ?? "";
    this.field = error.field ?? "";
  }
}

export async function ask(address, { method = "POST", body, headers = {}, ...rest } = {}) {
  const given = { "X-CSRF-Token": document.body.dataset.csrf ?? "", Accept: "application/json", ...headers };
  if (method !== "GET" && body instanceof FormData && address.startsWith("/v1/")) given["Idempotency-Key"] = crypto.randomUUID();
  const answer = await fetch(address, { method, body, headers: given, credentials: "same-origin", ...rest });
  if (answer.ok || answer.redirected) return answer;
  const said = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, said.error ?? {});
}

export function make(tag, { text, data = {}, ...properties } = {}, ...children) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") made.className = value;
    else if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value);
  }
  Object.assign(made.dataset, data);
  made.append(...children);
  return made;
}
