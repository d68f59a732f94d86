// Who else is here, and what changed since the page was made. Nothing is locked: people see each other and talk.
const present = document.querySelector("#present");
const list = document.querySelector("#cases");

if (present) {
  const { live, version, here, changed, again } = present.dataset;
  const window_ = crypto.randomUUID().slice(0, 23);
  listen(`${live}?window=${window_}`, (now) => {
    // Pages of which nothing goes stale tell who is here, no more.
    const isOld = Boolean(changed) && String(now.version) !== version;
    present.hidden = !isOld && !now.others.length;
    present.replaceChildren();
    if (isOld) present.append(changed, " ", link(again), " ");
    if (now.others.length) present.append(`${here} ${now.others.join(", ")}`);
  });
}

if (list) {
  const shown = JSON.stringify([...list.tBodies[0].rows].map((row) => [row.dataset.case, Number(row.dataset.version)]));
  listen(list.dataset.live, (now) => {
    document.querySelector("#changed").hidden = JSON.stringify(now.cases.map(([id, version]) => [id, version])) === shown;
    const others = new Map(now.cases.map(([id, , names]) => [id, names]));
    for (const row of list.tBodies[0].rows) {
      const names = others.get(row.dataset.case) ?? [];
      row.querySelector("[data-present]").textContent = names.length ? `${list.dataset.here} ${names.join(", ")}` : "";
    }
  });
}

function listen(address, told) {
  let source = null;
  const begin = () => {
    source ??= new EventSource(address);
    source.onmessage = (event) => told(JSON.parse(event.data));
    // Closed for good (signed out, say): tried again later, without noise.
    source.onerror = () => {
      if (source?.readyState !== EventSource.CLOSED) return;
      source = null;
      setTimeout(begin, 30000);
    };
  };
  const end = () => {
    source?.close();
    source = null;
  };
  begin();
  // A page that is left, or kept for the back button, is nobody's presence.
  addEventListener("pagehide", end);
  addEventListener("pageshow", (event) => event.persisted && begin());
}

function link(text) {
  const made = document.createElement("a");
  made.href = location.pathname;
  made.textContent = text;
  return made;
}
