// The frame: menus, theme, rail, tabs, copying, relative times, toasts, and focus after a page was swapped in.

const root = document.documentElement;
const main = () => document.getElementById("main");

// ---- menus (<details data-menu>): one open at a time, Escape and a click elsewhere close it

const openMenus = () => document.querySelectorAll("details[data-menu][open]");

function closeMenus(except) {
  for (const menu of openMenus()) if (menu !== except) menu.open = false;
}

document.addEventListener("toggle", ({ target }) => target.matches?.("[data-menu]") && target.open && closeMenus(target), true);
document.addEventListener("click", ({ target }) => closeMenus(target.closest("[data-menu]")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// ---- theme and density, kept in this browser

function showChoices() {
  for (const button of document.querySelectorAll("[data-choose]")) {
    button.setAttribute("aria-pressed", String((root.dataset[button.dataset.choose] ?? "") === button.value));
  }
}

function choose({ dataset, value }) {
  if (value) root.dataset[dataset.choose] = value;
  else delete root.dataset[dataset.choose];
  try {
    if (value) localStorage.setItem(dataset.choose, value);
    else localStorage.removeItem(dataset.choose);
  } catch {
    // Not kept; it holds until the page is left.
  }
  showChoices();
}

// ---- copying, toasts, dialogs

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  toast("Copied");
}

function toast(text) {
  const box = document.createElement("div");
  box.className = "toast";
  box.append(Object.assign(document.createElement("p"), { textContent: text }));
  document.getElementById("toasts").append(box);
  setTimeout(() => box.remove(), 2500);
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-choose], [data-copy], [data-dismiss], [data-dialog]");
  if (!button) return;
  if (button.matches("[data-choose]")) choose(button);
  else if (button.matches("[data-copy]")) copy(button);
  else if (button.matches("[data-dismiss]")) button.closest(".toast, .notice").remove();
  else showDialog(button.dataset.dialog);
});

function showDialog(id) {
  closeMenus();
  document.getElementById(id)?.showModal();
}

// ---- the question before a deed that hx-confirm marks, in our own dialog

document.addEventListener("htmx:confirm", (event) => {
  const { question, elt, issueRequest } = event.detail;
  if (!question) return;
  event.preventDefault();
  const dialog = document.getElementById("confirm");
  dialog.querySelector("h2").textContent = question;
  dialog.querySelector("p").textContent = elt.dataset.why;
  dialog.querySelector("[value=yes]").textContent = elt.dataset.deed;
  dialog.returnValue = "";
  dialog.addEventListener("close", () => dialog.returnValue === "yes" && issueRequest(true), { once: true });
  dialog.showModal();
});

// ---- tabs: sections one under the other become panels of one tab list

function makeTabs(box) {
  const panels = [...box.querySelectorAll(":scope > section")];
  const list = Object.assign(document.createElement("div"), { role: "tablist" });
  list.setAttribute("aria-label", box.dataset.tabs);
  const tabs = panels.map((panel) => makeTab(panel, list));
  const show = (index, focus) => {
    tabs.forEach((tab, at) => {
      tab.setAttribute("aria-selected", String(at === index));
      tab.tabIndex = at === index ? 0 : -1;
      panels[at].hidden = at !== index;
    });
    if (focus) tabs[index].focus();
  };
  tabs.forEach((tab, index) => tab.addEventListener("click", () => show(index)));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    show((tabs.indexOf(event.target) + step + tabs.length) % tabs.length, true);
  });
  box.prepend(list);
  box.classList.add("on");
  show(Math.max(0, panels.findIndex((panel) => `#${panel.id}` === location.hash)));
}

function makeTab(panel, list) {
  const tab = Object.assign(document.createElement("button"), { type: "button", role: "tab", id: `tab-${panel.id}` });
  tab.append(...[...panel.querySelector("h2").childNodes].map((node) => node.cloneNode(true)));
  tab.setAttribute("aria-controls", panel.id);
  panel.role = "tabpanel";
  panel.setAttribute("aria-labelledby", tab.id);
  list.append(tab);
  return tab;
}

// ---- relative times: "4 min ago" goes on counting

const STEPS = [[60, "just now"], [3600, 60, "min"], [86400, 3600, "h"]];

function ago(seconds) {
  const step = STEPS.find(([limit]) => seconds < limit);
  if (!step) return null;
  return step.length === 2 ? step[1] : `${Math.floor(seconds / step[1])} ${step[2]} ago`;
}

function updateTimes() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const text = ago((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (text) time.textContent = text;
    else if (time.matches(".ago")) time.remove();
  }
}

setInterval(updateTimes, 20_000);

// ---- after each swap

function markRail() {
  const section = main()?.querySelector(".page")?.dataset.section;
  for (const link of document.querySelectorAll(".rail a[data-section]")) {
    if (link.dataset.section === section) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function arrive() {
  markRail();
  document.querySelector(".rail-rest:popover-open")?.hidePopover();
  showChoices();
  updateTimes();
  document.querySelectorAll("[data-tabs]:not(.on)").forEach(makeTabs);
  for (const box of document.querySelectorAll(".toast[data-passing]")) setTimeout(() => box.remove(), 6000);
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  // A page without this frame (sign-in after the session ended), or a whole page where a part was asked for: go there.
  if (!/<html/i.test(xhr.responseText) || (target?.id === "main" && xhr.responseText.includes('id="player"'))) return;
  event.preventDefault();
  location.assign(xhr.responseURL);
});
document.addEventListener("htmx:sendError", () => toast("The portal does not answer. Nothing was changed; try again in a moment."));
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  arrive();
  closeMenus();
  if (detail.target?.id !== "main") return;
  const title = main().querySelector("h1");
  title?.setAttribute("tabindex", "-1");
  title?.focus({ preventScroll: true });
});
document.addEventListener("htmx:historyRestore", arrive);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("search")?.focus();
  } else if (event.key === "?") showDialog("keys");
});

arrive();
