// Rows by key: j and k move, Enter plays the row moved to, o opens it. A row reached by Tab is an ordinary link: Enter opens it.
// A click anywhere on a row opens it, unless text was being selected.

const rows = () => [...document.querySelectorAll("tr[data-row]")].filter((row) => row.offsetParent);
const current = () => document.activeElement?.closest?.("tr[data-row]");
let moved = null; // the link that j or k came to

function move(step) {
  const all = rows();
  const at = all.indexOf(current());
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  moved = next?.querySelector(".line-link");
  moved?.focus({ preventScroll: true, focusVisible: true });
  next?.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  o: () => current()?.querySelector(".line-link")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target.closest("input, select, textarea, dialog[open]")) return;
  const play = event.key === "Enter" && event.target === moved && current()?.querySelector("[data-play]");
  const deed = play ? () => play.click() : KEYS[event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
});

document.addEventListener("focusout", ({ target }) => {
  if (target === moved) moved = null;
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row || event.target.closest("a, button, input, .spark") || String(getSelection())) return;
  row.querySelector(".line-link")?.click();
});
