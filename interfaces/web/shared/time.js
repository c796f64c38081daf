/** Times as people read them, in the reader's own language and zone. All input is ISO-8601 or a Date. */

import { el } from "./dom.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TICK = 10_000;

/** @param {string | Date} at @returns {string} for example 14:05 */
export function clock(at) {
  return new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}

/** @param {string | Date} at @param {Date} [now] @returns {string} Today, Yesterday, or the date */
export function day(at, now = new Date()) {
  const days = Math.round((midnight(now) - midnight(new Date(at))) / DAY);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const year = days > 300 ? "numeric" : undefined;
  return new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", year }).format(new Date(at));
}

/** @param {string | Date} at @param {Date} [now] @returns {string} now, 3 min, 2 h, 4 d */
export function age(at, now = new Date()) {
  const passed = Math.max(0, now.getTime() - new Date(at).getTime());
  if (passed < MINUTE) return "now";
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h`;
  return `${Math.floor(passed / DAY)} d`;
}

/**
 * An element that keeps telling how long ago something was, once `keepAges` runs.
 * @param {string} at
 * @param {string} [prefix] said before the age, for example "waiting"
 */
export function ageElement(at, prefix = "") {
  const element = el("time", { datetime: at, title: fullTime(at), "data-age": prefix });
  showAge(element);
  return element;
}

/** Renews every age on the page until the page goes. */
export function keepAges() {
  setInterval(() => document.querySelectorAll("time[data-age]").forEach(showAge), TICK);
}

/** @param {string} at @returns {string} date and time in full */
export function fullTime(at) {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(at));
}

/** @param {Element} element a time element made by `ageElement` */
function showAge(element) {
  const at = element.getAttribute("datetime") ?? "";
  const prefix = element.getAttribute("data-age");
  const waited = Date.now() - new Date(at).getTime();
  element.textContent = prefix ? `${prefix} ${waited < MINUTE ? "< 1 min" : age(at)}` : age(at);
  element.classList.toggle("is-late", waited > 5 * MINUTE);
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
