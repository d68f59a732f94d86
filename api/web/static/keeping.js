// Photos that were judged are kept with a case, one after the other; what was kept already is not sent again.
import { ask } from "/static/asking.js";
import { kept, photos } from "/static/capture.js";

export async function keep(number) {
  for (const card of photos()) {
    const form = new FormData();
    form.append("photo", card.blob, card.file.name || "photo");
    if (card.taken?.value) form.append("taken_on", card.taken.value);
    await ask(`/v1/cases/${number}/photos`, { body: form });
    kept(card);
  }
}
