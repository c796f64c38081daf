/**
 * One socket that comes back by itself and misses nothing: it resumes after the last seq it has seen,
 * drops what it has seen before, and says so when the server asks for a fresh start instead.
 */

/**
 * @typedef {object} Frame
 * @property {string} type
 * @property {number} [seq] durable frames only
 * @property {string} [eventId]
 * @property {string} [at]
 * @property {any} [data]
 */

/** @typedef {"connecting" | "live" | "waiting" | "refused" | "closed"} SocketState */

/**
 * @typedef {object} Listener
 * @property {(renewed: boolean) => Promise<Record<string, string>>} credentials fields of the auth frame;
 *   `renewed` asks for fresh ones
 * @property {(seq: number) => void} onReset load a snapshot at least as new as `seq`; live frames follow it
 * @property {(frame: Frame) => void} onFrame durable frames in order, each once; ephemeral ones as they come
 * @property {(state: SocketState) => void} [onState]
 */

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 20_000;
const SILENCE = 45_000;
const BAD_CREDENTIALS = new Set([4401, 4403]);
const CONTROL = new Set(["auth:ok", "auth:expiring", "resume:reset", "resume:complete", "checkpoint", "error", "pong"]);

export class ReconnectingSocket {
  #socket = null;
  #timers = { retry: 0, silence: 0 };
  #failures = 0;
  #refusals = 0;
  #seq = null;
  #epoch = null;
  #isClosed = false;
  #wakeUp = () => this.#retryNow();

  /** @param {string} path for example /api/ws/chat @param {Listener} listener */
  constructor(path, listener) {
    this.address = new URL(path, location.href.replace(/^http/, "ws")).href;
    this.listener = listener;
    this.state = "connecting";
    window.addEventListener("online", this.#wakeUp);
    this.#connect();
  }

  /** Ends for good. */
  close() {
    this.#isClosed = true;
    window.removeEventListener("online", this.#wakeUp);
    clearTimeout(this.#timers.retry);
    clearTimeout(this.#timers.silence);
    this.#socket?.close(1000);
    this.#become("closed");
  }

  #connect() {
    this.#become("connecting");
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    socket.onopen = () => this.#authenticate(socket, this.#refusals > 0);
    socket.onmessage = (message) => socket === this.#socket && this.#receive(JSON.parse(message.data));
    socket.onclose = (event) => socket === this.#socket && this.#lost(event.code);
    this.#expectNews();
  }

  async #authenticate(socket, renewed) {
    try {
      const credentials = await this.listener.credentials(renewed);
      const since = this.#seq === null ? {} : { since: this.#seq, epoch: this.#epoch };
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: "auth", ...credentials, ...since }));
    } catch {
      // No credentials to be had (logged out, or the way to the server is cut): the same as a lost connection.
      if (socket.readyState <= WebSocket.OPEN) socket.close(1000);
    }
  }

  #receive(frame) {
    this.#expectNews();
    if (CONTROL.has(frame.type)) this.#control(frame);
    else if (typeof frame.seq !== "number") this.listener.onFrame(frame);
    else if (this.#advance(frame.seq)) this.listener.onFrame(frame);
  }

  #control(frame) {
    const seq = frame.seq ?? frame.data?.seq;
    if (frame.type === "auth:ok") this.#welcome(seq, frame.data?.epoch ?? null);
    if (frame.type === "auth:expiring") this.#authenticate(this.#socket, true);
    if (frame.type === "checkpoint") this.#advance(seq);
    if (frame.type === "resume:reset") this.#restart(seq);
    if (frame.type === "resume:complete") this.#settle();
  }

  /** Nothing is replayed to whoever comes for the first time: a snapshot it is. */
  #welcome(seq, epoch) {
    this.#epoch = epoch;
    if (this.#seq === null) this.#restart(seq);
  }

  #restart(seq) {
    this.#seq = seq;
    this.listener.onReset(seq);
    this.#settle();
  }

  #advance(seq) {
    if (this.#seq !== null && seq <= this.#seq) return false;
    this.#seq = seq;
    return true;
  }

  #settle() {
    this.#failures = 0;
    this.#refusals = 0;
    this.#become("live");
  }

  #lost(code) {
    clearTimeout(this.#timers.silence);
    if (this.#isClosed) return;
    if (BAD_CREDENTIALS.has(code)) this.#refusals += 1;
    if (this.#refusals > 1) {
      this.#become("refused");
      return;
    }
    this.#become("waiting");
    this.#timers.retry = setTimeout(() => this.#connect(), pauseAfter(this.#failures));
    this.#failures += 1;
  }

  /** The server speaks at least every 15 s (checkpoint); a socket that is silent for longer is dead. */
  #expectNews() {
    clearTimeout(this.#timers.silence);
    const socket = this.#socket;
    this.#timers.silence = setTimeout(() => {
      this.#socket = null;
      socket.close();
      this.#lost(0);
    }, SILENCE);
  }

  #retryNow() {
    if (this.state !== "waiting") return;
    clearTimeout(this.#timers.retry);
    this.#connect();
  }

  /** @param {SocketState} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.listener.onState?.(state);
  }
}

/** Full jitter: a thousand clients that lost the same server do not come back in the same moment. */
function pauseAfter(failures) {
  return Math.random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures, 10));
}
