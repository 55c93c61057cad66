// While the newest page of a list is shown, a stream tells of new calls; a banner offers to load them.
// The stream's address carries a short-lived ticket, so each connection begins by asking for one.

const WAITS = [1000, 2000, 5000, 15000, 30000];
const STEADY = 10000; // a stream that holds this long is a good one: the next loss is waited for shortly again

let source = null;
let place = null;
let failures = 0;
let fresh = 0;
let timer = 0;
let settled = 0;

async function connect() {
  if (!place?.isConnected) return;
  const answer = await fetch(place.dataset.live, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) {
    // Not allowed is final; anything else passes.
    if (!answer || answer.status >= 500) again();
    return;
  }
  if (answer.redirected) return; // signed out meanwhile: this is the sign-in page
  const { url } = await answer.json();
  if (!url || !place?.isConnected) return; // this principal is not told of live events, or the page has gone
  source = new EventSource(url);
  source.addEventListener("open", () => {
    settled = setTimeout(() => {
      failures = 0;
    }, STEADY);
  });
  source.addEventListener("message", tell);
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
  clearTimeout(settled);
  source?.close();
  source = null;
}

function tell({ data }) {
  const news = JSON.parse(data);
  if (!place?.isConnected || news.type !== "calls" || !news.created) return;
  fresh += news.created;
  const banner = place.querySelector("[data-live-banner]");
  banner.hidden = false;
  banner.querySelector("[data-live-text]").textContent = fresh === 1 ? "1 new call" : `${fresh.toLocaleString("en")} new calls`;
}

function arrive() {
  const now = document.querySelector("[data-live]");
  if (now === place && (source || timer)) return;
  stop();
  place = now;
  fresh = 0;
  failures = 0;
  if (place) connect();
}

document.addEventListener("htmx:afterSettle", arrive);
document.addEventListener("htmx:historyRestore", arrive);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && place && !source) connect();
});
arrive();
