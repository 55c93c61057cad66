// While the newest page of a list is shown, a stream tells of new calls; a banner offers to load them.
// The stream's address carries a short-lived ticket, so each connection begins by asking for one.

const WAITS = [1000, 2000, 5000, 15000, 30000];

let source = null;
let place = null;
let failures = 0;
let fresh = new Set();
let timer = 0;

async function connect() {
  if (!place?.isConnected) return;
  const answer = await fetch(place.dataset.live, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) {
    // Not allowed is final; anything else passes.
    if (!answer || answer.status >= 500) again();
    return;
  }
  const { url } = await answer.json();
  source = new EventSource(url);
  source.addEventListener("open", () => { failures = 0; });
  source.addEventListener("call", tell);
  source.addEventListener("error", () => {
    // The browser would retry with the old ticket: come back with a new one.
    stop();
    again();
  });
}

function again() {
  timer = setTimeout(connect, WAITS[Math.min(failures, WAITS.length - 1)]);
  failures += 1;
}

function stop() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

function tell(event) {
  if (!place?.isConnected) return;
  fresh.add(callOf(event));
  const banner = place.querySelector("[data-live-banner]");
  banner.hidden = false;
  banner.querySelector("[data-live-text]").textContent = fresh.size === 1 ? "1 new call" : `${fresh.size} new calls`;
}

/** A call is told of more than once (ringing, answered, ended): it counts once. */
function callOf(event) {
  try {
    const facts = JSON.parse(event.data);
    return facts.call_uuid ?? facts.call ?? event.lastEventId ?? fresh.size;
  } catch {
    return event.lastEventId || fresh.size;
  }
}

function arrive() {
  const now = document.querySelector("[data-live]");
  if (now === place && (source || timer)) return;
  stop();
  place = now;
  fresh = new Set();
  failures = 0;
  if (place) connect();
}

document.addEventListener("htmx:afterSettle", arrive);
document.addEventListener("htmx:historyRestore", arrive);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && place && !source) connect();
});
arrive();
