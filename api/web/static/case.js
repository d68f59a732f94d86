// A case's page: a consent is sent with its document; a search says that it is under way.
import { ask, Refused } from "/static/asking.js";

const consent = document.querySelector("#consent");
const wrong = consent?.querySelector(".wrong");
if (consent) consent.querySelector("button").disabled = false;
consent?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(consent);
  const file = given.get("document");
  wrong.hidden = true;
  try {
    await ask(`/v1/cases/${consent.dataset.case}/consents`, {
      body: JSON.stringify({ given_on: given.get("given_on"), scope: given.get("scope"), media_type: file.type, document: await base64(file) }),
      headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
    });
    location.reload();
  } catch (fault) {
    wrong.textContent = `${consent.dataset.failed} ${fault instanceof Refused ? fault.message : ""}`;
    wrong.hidden = false;
  }
});

function base64(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).split(",")[1]);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
}

for (const form of document.querySelectorAll("[data-busy]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button");
    // After the form was read: a button that is off is not sent, and can't be pressed twice.
    setTimeout(() => {
      button.disabled = true;
      button.textContent = `${form.dataset.busy} ...`;
    });
  });
}
