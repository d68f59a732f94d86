// Buttons and keys of the comparison. Single keys are for whoever is in no field, and can be turned off.
// Where keys mean something of their own already.
const TYPING = "textarea, select, input:not([type=radio], [type=checkbox])";
const OFF = "matcher:keys-off";
const OPINIONS = { s: "same_person", d: "different_person", i: "inconclusive", u: "photo_unusable" };
const MODES = { 1: "side", 2: "flicker", 3: "blend", 4: "wipe" };
const TOGGLES = { f: "flip", g: "grey", e: "equal", l: "points", r: "grid" };
// The part that is seen moves, so the photo goes the other way.
const MOVES = { ArrowLeft: [0.05, 0], ArrowRight: [-0.05, 0], ArrowUp: [0, 0.05], ArrowDown: [0, -0.05] };

export function keys(panes, does) {
  const mix = document.querySelector("#mix");
  const press = (kind, name) => document.querySelector(`[data-${kind}=${name}]`).click();
  buttons(panes, mix);

  const single = {
    "?": () => document.querySelector("#keys-of").showModal(),
    n: does.nobody,
    "+": () => press("zoom", "in"),
    "=": () => press("zoom", "in"),
    "-": () => press("zoom", "out"),
    0: () => press("zoom", "reset"),
    "[": () => mixed(panes, mix, -5),
    "]": () => mixed(panes, mix, 5),
    arrowleft: does.previous,
    arrowright: does.next,
  };
  for (const [key, opinion] of Object.entries(OPINIONS)) single[key] = () => does.choose(opinion);
  for (const [key, mode] of Object.entries(MODES)) single[key] = () => press("mode", mode);
  for (const [key, toggle] of Object.entries(TOGGLES)) single[key] = () => press("toggle", toggle);

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || event.altKey || event.metaKey) return;
    if (event.ctrlKey) {
      if (event.key === "Enter") act(event, does.save);
      return;
    }
    if (event.target.matches(TYPING) || localStorage.getItem(OFF)) return;
    // The arrows move within a group of radio buttons.
    if (event.target.matches("[type=radio]") && event.key.startsWith("Arrow")) return;
    if (event.shiftKey && MOVES[event.key]) act(event, () => panes.move(...MOVES[event.key]));
    else if (single[event.key.toLowerCase()]) act(event, single[event.key.toLowerCase()]);
  });

  const box = document.querySelector("#keys-on");
  box.checked = !localStorage.getItem(OFF);
  box.addEventListener("change", () => (box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
  document.querySelector("#help").addEventListener("click", single["?"]);
}

function act(event, what) {
  event.preventDefault();
  what();
}

function mixed(panes, mix, by) {
  mix.value = Number(mix.value) + by;
  panes.change({ mix: Number(mix.value) / 100 });
}

function buttons(panes, mix) {
  const modes = document.querySelectorAll("[data-mode]");
  for (const button of modes) {
    button.addEventListener("click", () => {
      for (const other of modes) other.setAttribute("aria-pressed", String(other === button));
      document.querySelector("#mix-of").hidden = !["blend", "wipe"].includes(button.dataset.mode);
      panes.change({ mode: button.dataset.mode });
    });
  }
  for (const button of document.querySelectorAll("[data-toggle]")) {
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isOn));
      panes.change({ [button.dataset.toggle]: isOn });
    });
  }
  const zooms = { in: () => panes.zoom(1.25), out: () => panes.zoom(0.8), reset: () => panes.whole() };
  for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", zooms[button.dataset.zoom]);
  for (const button of document.querySelectorAll("[data-move]")) {
    const way = button.dataset.move;
    button.addEventListener("click", () => panes.move(...MOVES[`Arrow${way[0].toUpperCase()}${way.slice(1)}`]));
  }
  mix.addEventListener("input", () => panes.change({ mix: Number(mix.value) / 100 }));
}
