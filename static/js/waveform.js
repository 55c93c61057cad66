// <wave-form src="peaks.json" label="…" [compact]>: both parties of a recording, drawn from the server's peaks.
// Customer above the line, agent below; silence thin; what was played is full, what is to come is pale.
// A slider for keyboard and screen reader. Fires "seek" {seconds}; the player sets `.position`.

const BAR = 2;
const GAP = 1;
// What is drawn with which token of app.css.
const INKS = {
  customer: "--customer", "customer-rest": "--customer-rest",
  agent: "--agent", "agent-rest": "--agent-rest",
  both: "--accent", "both-rest": "--line-strong",
  line: "--line", axis: "--line-strong", accent: "--accent", muted: "--muted",
};
const RULER = 18;
const QUIETEST_FULL = 0.35; // a recording whose loudest moment is below this is drawn quiet, any other fills the height
const TICKS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${String(m).padStart(2, "0")}:${String(s).padStart(2, "0")}` : `${m}:${String(s).padStart(2, "0")}`;
};
const spoken = (seconds) => {
  const whole = Math.floor(seconds);
  return `${whole >= 60 ? `${Math.floor(whole / 60)} min ` : ""}${whole % 60} s`;
};

/** The loudest of each column's buckets: numbers 0-1, one a bar. */
function columns(channel, count) {
  return Array.from({ length: count }, (_, at) => {
    const from = Math.floor((at * channel.length) / count);
    const to = Math.max(from + 1, Math.floor(((at + 1) * channel.length) / count));
    let most = 0;
    for (let i = from; i < to && i < channel.length; i += 1) if (channel[i] > most) most = channel[i];
    return most / 255;
  });
}

class WaveForm extends HTMLElement {
  static observedAttributes = ["src", "label"];
  #canvas;
  #at;
  #inks = {};
  #layers = null;
  #position = 0;
  #wanted = "";
  #sizes;
  #themes;
  #media;
  peaks = null;

  connectedCallback() {
    if (!this.#canvas) this.#build();
    this.#sizes = new ResizeObserver(() => this.#redraw());
    this.#sizes.observe(this);
    this.#themes = new MutationObserver(() => this.#redraw());
    this.#themes.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.#media = ["(prefers-color-scheme: dark)", "(forced-colors: active)"].map((query) => matchMedia(query));
    for (const media of this.#media) media.addEventListener("change", this.#redraw);
    this.#load();
  }

  disconnectedCallback() {
    this.#sizes.disconnect();
    this.#themes.disconnect();
    for (const media of this.#media) media.removeEventListener("change", this.#redraw);
  }

  attributeChangedCallback(name) {
    if (!this.#canvas) return;
    if (name === "src") this.#load();
    else this.#describe();
  }

  get duration() {
    return this.peaks?.duration ?? 0;
  }

  set position(seconds) {
    this.#position = seconds;
    this.#describe();
    this.#paint();
  }

  #build() {
    this.#canvas = document.createElement("canvas");
    this.#canvas.setAttribute("aria-hidden", "true");
    this.#at = Object.assign(document.createElement("span"), { className: "at" });
    this.append(this.#canvas, this.#at);
    for (const [name, token] of Object.entries(INKS)) {
      this.#inks[name] = document.createElement("i");
      this.#inks[name].style.setProperty("color", `var(${token})`);
      this.append(this.#inks[name]);
    }
    this.role = "slider";
    this.tabIndex = 0;
    this.setAttribute("aria-valuemin", "0");
    this.addEventListener("pointerdown", this.#press);
    this.addEventListener("pointermove", this.#hover);
    this.addEventListener("keydown", this.#key);
    this.#describe();
  }

  async #load() {
    const src = this.getAttribute("src");
    if (src === this.#wanted) return;
    this.#wanted = src;
    this.peaks = null;
    this.#redraw();
    if (!src) return;
    const answer = await fetch(src, { headers: { Accept: "application/json" } }).catch(() => null);
    const peaks = answer?.ok ? await answer.json().catch(() => null) : null;
    if (src !== this.#wanted) return;
    this.peaks = peaks;
    this.#describe();
    this.#redraw();
  }

  #describe() {
    this.setAttribute("aria-label", this.getAttribute("label") ?? "Position in the recording");
    this.setAttribute("aria-valuemax", String(Math.round(this.duration)));
    this.setAttribute("aria-valuenow", String(Math.round(this.#position)));
    this.setAttribute("aria-valuetext", `${spoken(this.#position)} of ${spoken(this.duration)}`);
  }

  #seek(seconds) {
    if (!this.duration) return;
    const detail = { seconds: Math.min(this.duration, Math.max(0, seconds)) };
    this.dispatchEvent(new CustomEvent("seek", { bubbles: true, detail }));
  }

  #secondsAt(event) {
    const box = this.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * this.duration;
  }

  #press = (event) => {
    if (event.button !== 0) return;
    this.setPointerCapture(event.pointerId);
    this.#seek(this.#secondsAt(event));
  };

  #hover = (event) => {
    const seconds = this.#secondsAt(event);
    this.#at.textContent = clock(seconds);
    const width = this.clientWidth - this.#at.offsetWidth;
    this.#at.style.setProperty("left", `${Math.min(width, Math.max(0, event.offsetX - this.#at.offsetWidth / 2))}px`);
    if (event.buttons & 1 && this.hasPointerCapture(event.pointerId)) this.#seek(seconds);
  };

  #key = (event) => {
    const step = event.shiftKey ? 30 : 5;
    const target = {
      ArrowRight: this.#position + step,
      ArrowUp: this.#position + step,
      ArrowLeft: this.#position - step,
      ArrowDown: this.#position - step,
      PageUp: this.#position + 30,
      PageDown: this.#position - 30,
      Home: 0,
      End: this.duration,
    }[event.key];
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#seek(target);
  };

  // ---- drawing: two layers (pale and full) made once a size or theme, put together at the playing position

  #ink = (name) => getComputedStyle(this.#inks[name]).color;

  #redraw = () => {
    this.#layers = null;
    this.#paint();
  };

  #layer(suffix, width, height, scale) {
    const layer = new OffscreenCanvas(Math.max(1, width * scale), Math.max(1, height * scale));
    const pen = layer.getContext("2d");
    pen.scale(scale, scale);
    const compact = this.hasAttribute("compact");
    const room = compact ? height : height - RULER;
    const middle = Math.round(room / 2);
    const count = Math.floor(width / (BAR + GAP));
    const { channels, parties } = this.peaks;
    const loudest = channels.reduce((most, channel) => channel.reduce((a, b) => Math.max(a, b), most), 0) / 255;
    const gain = (middle - 3) / Math.max(QUIETEST_FULL, loudest);
    const sides = channels.length > 1 ? [0, 1] : [0, 0];
    sides.forEach((channel, side) => {
      pen.fillStyle = this.#ink(`${channels.length > 1 ? parties[channel] : "both"}${suffix}`);
      columns(channels[channel], count).forEach((loud, at) => {
        const size = loud * gain;
        if (size >= 1.5) pen.fillRect(at * (BAR + GAP), side ? middle + 1 : middle - 1 - size, BAR, size);
      });
    });
    if (!compact) this.#ruler(pen, width, room);
    return layer;
  }

  #ruler(pen, width, top) {
    const step = TICKS.find((tick) => (tick / this.duration) * width >= 72) ?? 7200;
    pen.font = `11px ${getComputedStyle(this).fontFamily}`;
    pen.textBaseline = "bottom";
    for (let at = 0; at <= this.duration; at += step) {
      const x = Math.round((at / this.duration) * width);
      const text = clock(at);
      const half = pen.measureText(text).width / 2;
      if (x + half > width) break;
      pen.fillStyle = this.#ink("line");
      pen.fillRect(x, top + 1, 1, 5);
      pen.fillStyle = this.#ink("muted");
      pen.fillText(text, Math.max(0, x - half), top + RULER);
    }
  }

  #paint() {
    const canvas = this.#canvas;
    if (!canvas) return;
    const [width, height, scale] = [this.clientWidth, this.clientHeight, devicePixelRatio || 1];
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
      this.#layers = null;
    }
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    if (!width || !height) return;
    const middle = Math.round((this.hasAttribute("compact") ? height : height - RULER) / 2);
    if (!this.peaks?.channels?.length) {
      pen.fillStyle = this.#ink("line");
      pen.fillRect(0, (middle - 0.5) * scale, canvas.width, scale);
      return;
    }
    this.#layers ??= ["-rest", ""].map((suffix) => this.#layer(suffix, width, height, scale));
    const played = Math.round(Math.min(1, this.#position / (this.duration || 1)) * canvas.width);
    const [rest, full] = this.#layers;
    if (played < canvas.width) pen.drawImage(rest, played, 0, canvas.width - played, canvas.height, played, 0, canvas.width - played, canvas.height);
    if (played > 0) pen.drawImage(full, 0, 0, played, canvas.height, 0, 0, played, canvas.height);
    pen.fillStyle = this.#ink("axis");
    pen.fillRect(played, (middle - 0.5) * scale, canvas.width - played, scale);
    pen.fillStyle = this.#ink("accent");
    pen.fillRect(0, (middle - 0.5) * scale, played, scale);
    if (this.#position > 0) pen.fillRect(Math.max(0, played - scale), 0, 2 * scale, middle * 2 * scale);
  }
}

customElements.define("wave-form", WaveForm);
