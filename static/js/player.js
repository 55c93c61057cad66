// The docked player. It lives beside #main, so it goes on playing while pages are swapped in and out.
// A track is any element with data-track (its key), data-src, data-peaks, data-title, data-href, data-seconds: a row, or a
// deck on the call page. Inside it: [data-play] starts and stops, <wave-form> seeks, [data-clock] shows the time.

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const QUIET = 14; // of 255: what the peaks hold below about -50 dBFS
const LONGEST_PAUSE = 0.9; // seconds; a shorter one is part of talking
const RETRY = 5000;

const dock = document.getElementById("player");
const audio = dock.querySelector("audio");
const wave = dock.querySelector("wave-form");
const note = dock.querySelector("[data-note]");
const link = dock.querySelector("[data-link]");
const speed = dock.querySelector("[data-speed]");
const skip = dock.querySelector("[data-skip]");

let track = null;
let pauses = { peaks: null, spans: [] };
let retry = 0;
let waited = false; // a copy was being prepared: an address that answers well now deserves another try
let decksInView = new Set();

const kept = (name, fallback) => {
  try {
    return JSON.parse(localStorage.getItem(`player.${name}`)) ?? fallback;
  } catch {
    return fallback;
  }
};
const keep = (name, value) => {
  try {
    localStorage.setItem(`player.${name}`, JSON.stringify(value));
  } catch {
    // Not kept; it holds until the page is left.
  }
};
const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, String(whole % 60).padStart(2, "0")];
  return h ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
};

const settings = { speed: kept("speed", 1), skip: kept("skip", false) };
const length = () => (Number.isFinite(audio.duration) && audio.duration) || Number(track?.seconds) || 0;
const here = () => (track ? document.querySelectorAll(`[data-track="${CSS.escape(track.track)}"]`) : []);

// ---- what is played

function load(element, at = 0, play = true) {
  const { track: key, src, peaks, title, href, seconds } = element.dataset;
  if (track?.track !== key) {
    track = { track: key, src, peaks, title, href, seconds };
    clearTimeout(retry);
    waited = false;
    audio.src = src;
    wave.setAttribute("src", peaks ?? "");
    wave.setAttribute("label", `Position in ${title}`);
    link.textContent = title;
    link.href = href || "#";
    say("");
    announce();
  }
  if (at || audio.currentTime) audio.currentTime = at;
  if (play) start();
  paint();
}

function start() {
  audio.defaultPlaybackRate = audio.playbackRate = settings.speed;
  audio.play().catch((error) => {
    if (error.name === "NotAllowedError") say("The browser waits for a click before it plays.");
  });
}

const toggle = () => (audio.paused ? start() : audio.pause());
const seek = (seconds) => {
  audio.currentTime = Math.min(Math.max(0, seconds), length());
  paint();
};

function close() {
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  track = null;
  clearTimeout(retry);
  paint();
}

function setSpeed(value) {
  settings.speed = value;
  audio.playbackRate = value;
  keep("speed", value);
  paint();
}

const faster = (step) => {
  const at = SPEEDS.indexOf(settings.speed);
  setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, (at < 0 ? 2 : at) + step))]);
};

function setSkip(value) {
  settings.skip = value;
  keep("skip", value);
  paint();
}

/** Spans [from, to] in seconds where nobody speaks, from the peaks of every channel. */
function silences(peaks) {
  if (pauses.peaks === peaks) return pauses.spans;
  const spans = [];
  const { channels, seconds_per_bucket: each } = peaks;
  const buckets = channels[0]?.length ?? 0;
  let from = null;
  for (let at = 0; at <= buckets; at += 1) {
    const quiet = at < buckets && channels.every((channel) => channel[at] < QUIET);
    if (quiet) from ??= at;
    else if (from !== null) {
      if ((at - from) * each >= LONGEST_PAUSE) spans.push([from * each + 0.2, at * each - 0.2]);
      from = null;
    }
  }
  pauses = { peaks, spans };
  return spans;
}

function skipSilence() {
  if (!settings.skip || !wave.peaks || audio.paused) return;
  const now = audio.currentTime;
  const span = silences(wave.peaks).find(([from, to]) => now >= from && now < to - 0.1);
  if (span) audio.currentTime = span[1];
}

// ---- what is shown

function say(text, bad = false) {
  note.textContent = text;
  note.classList.toggle("bad", bad);
}

function paint() {
  dock.hidden = !track || [...here()].some((element) => decksInView.has(element));
  const now = audio.currentTime || 0;
  const playing = Boolean(track) && !audio.paused;
  for (const element of document.querySelectorAll("[data-current]")) if (element.dataset.track !== track?.track) clear(element);
  for (const element of [...here(), dock]) show(element, now, playing);
  speed.value = String(settings.speed);
  for (const select of document.querySelectorAll("[data-speed]")) select.value = String(settings.speed);
  for (const button of document.querySelectorAll("[data-skip]")) button.setAttribute("aria-pressed", String(settings.skip));
}

function show(element, now, playing) {
  element.toggleAttribute("data-current", true);
  element.toggleAttribute("data-playing", playing);
  for (const text of element.querySelectorAll("[data-clock]")) text.textContent = clock(now);
  for (const text of element.querySelectorAll("[data-length]")) text.textContent = clock(length());
  for (const form of element.querySelectorAll("wave-form")) form.position = now;
  for (const button of element.querySelectorAll("[data-play]")) name(button, playing);
  const spark = element.querySelector(".spark");
  if (spark) part(spark, now / (length() || 1));
}

function name(button, playing) {
  button.dataset.label ??= button.getAttribute("aria-label") ?? "Play";
  button.setAttribute("aria-label", playing ? button.dataset.label.replace(/^Play/, "Pause") : button.dataset.label);
}

function clear(element) {
  element.removeAttribute("data-current");
  element.removeAttribute("data-playing");
  element.querySelector(".spark .done")?.remove();
  for (const button of element.querySelectorAll("[data-play]")) name(button, false);
  for (const form of element.querySelectorAll("wave-form")) form.position = 0;
}

function part(spark, share) {
  let done = spark.querySelector(".done");
  if (!done) {
    done = spark.querySelector("path").cloneNode();
    done.classList.add("done");
    spark.append(done);
  }
  done.style.setProperty("--part", `${Math.min(100, share * 100)}%`);
}

function follow() {
  skipSilence();
  paint();
  if (!audio.paused) requestAnimationFrame(follow);
}

function announce() {
  if (!("mediaSession" in navigator)) return;
  navigator.mediaSession.metadata = new MediaMetadata({ title: track.title, artist: document.title.split(" · ").at(-1) });
  const acts = {
    play: start,
    pause: () => audio.pause(),
    stop: close,
    seekbackward: ({ seekOffset }) => seek(audio.currentTime - (seekOffset || 5)),
    seekforward: ({ seekOffset }) => seek(audio.currentTime + (seekOffset || 5)),
    seekto: ({ seekTime }) => seek(seekTime),
    previoustrack: () => seek(0),
  };
  for (const [act, deed] of Object.entries(acts)) navigator.mediaSession.setActionHandler(act, deed);
}

// ---- what can go wrong: the address itself says why a file does not play

async function explain() {
  if (!track) return;
  const { src } = track;
  const answer = await fetch(src, { method: "HEAD" }).catch(() => null);
  if (track?.src !== src) return;
  if (!answer) say("The portal does not answer. Press play to try again.", true);
  else if ([202, 409, 425, 503].includes(answer.status)) waitForCopy(src);
  else if (answer.ok && waited) {
    waited = false;
    again();
  } else if ([404, 410].includes(answer.status)) say("The file of this recording is missing from the storage.", true);
  else say("This browser cannot play the file. Download it to hear it.", true);
}

function waitForCopy(src) {
  say("Preparing a playable copy…");
  waited = true;
  retry = setTimeout(() => track?.src === src && again(), RETRY);
}

function again() {
  audio.load();
  start();
}

audio.addEventListener("error", () => audio.error && explain());
audio.addEventListener("playing", () => say(""));
for (const event of ["play", "pause", "ended", "seeked", "loadedmetadata", "timeupdate"]) audio.addEventListener(event, paint);
audio.addEventListener("play", () => requestAnimationFrame(follow));

// ---- hands

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-play], [data-skip], [data-player-close], [data-seek], .spark");
  if (!button || event.ctrlKey || event.metaKey) return;
  const element = button.closest("[data-track]");
  if (button.matches("[data-skip]")) return setSkip(!settings.skip);
  if (button.matches("[data-player-close]")) return close();
  if (button.closest("#player")) return toggle();
  if (button.matches("[data-seek]")) return play(document.querySelector(".deck[data-track]"), Number(button.dataset.seek), event);
  if (!element) return undefined;
  if (button.matches(".spark")) {
    const box = button.getBoundingClientRect();
    return play(element, ((event.clientX - box.left) / box.width) * Number(element.dataset.seconds), event);
  }
  event.preventDefault();
  return element.dataset.track === track?.track ? toggle() : load(element);
});

function play(element, seconds, event) {
  event.preventDefault();
  if (element) load(element, Math.max(0.01, seconds));
}

document.addEventListener("seek", (event) => {
  const element = event.target.closest("[data-track]");
  if (element && element.dataset.track !== track?.track) load(element, event.detail.seconds);
  else seek(event.detail.seconds);
});

document.addEventListener("change", ({ target }) => target.matches("[data-speed]") && setSpeed(Number(target.value)));

const markers = () => [...document.querySelectorAll("[data-seek]")].map((mark) => Number(mark.dataset.seek)).sort((a, b) => a - b);

const KEYS = {
  " ": () => (track ? toggle() : play(document.querySelector(".deck[data-track]"), 0, new Event("x"))),
  ArrowLeft: ({ shiftKey }) => seek(audio.currentTime - (shiftKey ? 30 : 5)),
  ArrowRight: ({ shiftKey }) => seek(audio.currentTime + (shiftKey ? 30 : 5)),
  ",": () => seek(markers().findLast((mark) => mark < audio.currentTime - 1) ?? 0),
  ".": () => seek(markers().find((mark) => mark > audio.currentTime + 0.2) ?? audio.currentTime),
  "[": () => faster(-1),
  "]": () => faster(1),
};

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (!KEYS[key] || event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, textarea, dialog[open]")) return;
  if (key === " " && target.closest("button, summary, [role=button]")) return;
  if (!track && !(key === " " && document.querySelector(".deck[data-track]")) && key !== "[" && key !== "]") return;
  event.preventDefault();
  KEYS[key](event);
});

// ---- the dock steps aside while the call page shows the same recording's own controls

const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) decksInView[isIntersecting ? "add" : "delete"](target);
  paint();
});

function arrive() {
  decksInView = new Set([...decksInView].filter((deck) => deck.isConnected));
  for (const deck of document.querySelectorAll(".deck[data-track]")) sight.observe(deck);
  paint();
}

document.addEventListener("htmx:afterSettle", arrive);
document.addEventListener("htmx:historyRestore", arrive);
arrive();
