/** The chat inside its iframe: wires the page to the chat, and talks with the loader outside. */

import { readable } from "../shared/color.js";
import { find } from "../shared/dom.js";
import { Asking } from "./asking.js";
import { Campaigns } from "./campaigns.js";
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { Memory } from "./memory.js";
import { Tracker } from "./tracker.js";
import { Receipts } from "./receipts.js";
import { Rating } from "./rating.js";
import { Transcript } from "./transcript.js";
import { putWords } from "./words.js";

const place = new URLSearchParams(location.hash.slice(1));
// In the query, so that the server knows whose pages may show this one.
const widgetId = new URLSearchParams(location.search).get("widget") ?? "";
const memory = new Memory(widgetId);
const widgetToken = place.get("token") ?? "";
const locale = place.get("locale") ?? "";
const consent = place.get("consent") !== "false";
const tracker = new Tracker({ widgetId, widgetToken, memory, consent });
const chat = new Chat({ widgetId, widgetToken, locale, memory });
const campaigns = new Campaigns({
  ...{ widgetId, widgetToken, locale, memory, consent, place: find("#peek") },
  words: () => chat.config?.texts ?? {},
  onPeek: peek,
  onOpen: () => tell({ verbatim: "show", open: true }),
});
const receipts = new Receipts(chat.visitor);
const asking = new Asking(/** @type {HTMLFormElement} */ (find("#asking")), begin);
const rating = new Rating(/** @type {HTMLFormElement} */ (find("#rating")), rate);
const composer = new Composer(/** @type {HTMLFormElement} */ (find("#composer")), post);
const transcript = new Transcript(find("#log"), find("#draft"), find("#scroll"), {
  retry: (key) => chat.outbox.retry(key),
  discard: (key) => chat.outbox.discard(key),
});
let isOpen = window.parent === window;
/** What the launcher outside looks like. */
let look = { color: "", ink: "", marks: { side: "right", icon: "chat", peek: "" }, words: {}, height: 0 };

chat.store.subscribe(draw);
find("#close").addEventListener("click", close);
find("#anew").addEventListener("click", startOver);
find("#human").addEventListener("click", requestHuman);
document.addEventListener("keydown", (event) => event.key === "Escape" && close());
window.addEventListener("message", heard);
chat.start().then(dress).catch(complain);
tracker.start();
if (!isOpen) campaigns.start();

function post(text) {
  find("#trouble").hidden = true;
  chat.outbox.post(text);
}

function startOver() {
  chat.startOver();
  focusFirst();
}

function begin(answers) {
  chat.answer(answers);
  composer.focus();
}

async function rate(score, comment) {
  try {
    await chat.rate(score, comment);
  } catch (problem) {
    complain(problem);
  }
}

function focusFirst() {
  if (find("#asking").hidden) composer.focus();
  else asking.focus();
}

async function requestHuman() {
  const button = /** @type {HTMLButtonElement} */ (find("#human"));
  button.disabled = true;
  try {
    await chat.requestHuman();
    composer.focus();
  } catch (problem) {
    complain(problem);
  } finally {
    button.disabled = false;
  }
}

/** The tenant's name, colour, theme and words, here and on the launcher outside. */
function dress() {
  const { name, widget, branding, texts, locale } = chat.config;
  const { color, ink } = readable(widget.primaryColor ?? "");
  const root = document.documentElement;
  root.style.setProperty("--brand", color);
  root.style.setProperty("--on-brand", ink);
  root.dataset.theme = widget.theme;
  root.lang = locale;
  putWords(texts);
  showLogo(branding.logo);
  document.title = find("#chat-name").textContent = name;
  const words = { open: texts.openChat, close: texts.closeChat, label: texts.launcher };
  const side = widget.position === "bottom-left" ? "left" : "right";
  look = { ...look, color, ink, words, marks: { ...look.marks, side, icon: widget.launcher } };
  tellLook();
  draw();
}

function tellLook() {
  const { color, ink, marks, words, height } = look;
  if (color) tell({ verbatim: "look", style: `--color:${color};--ink:${ink};--peek:${height}px`, marks, words });
}

/** The frame shows nothing but the bubble, so high; 0: no bubble. */
function peek(height) {
  document.documentElement.toggleAttribute("data-peek", height > 0);
  look = { ...look, height, marks: { ...look.marks, peek: height > 0 ? "on" : "" } };
  tellLook();
}

/** What the shop said is what the visitor answers: in a new conversation, unless one is under way. */
function takeUp() {
  campaigns.opened();
  if (!campaigns.taken) return;
  if (chat.conversation?.status === "resolved") chat.startOver();
  chat.campaign = campaigns.taken;
}

function showLogo(address) {
  const logo = /** @type {HTMLImageElement} */ (find("#logo"));
  if (!address?.startsWith("https://")) return;
  logo.addEventListener("load", () => (logo.hidden = false));
  logo.src = address;
}

function draw() {
  const { conversation, messages, config, draft } = chat;
  const isOver = conversation?.status === "resolved";
  find("#chat-standing").textContent = standing(conversation);
  find("#thinking").hidden = !chat.isThinking;
  find("#thinking").classList.toggle("only-heard", draft !== "");
  find("#human").hidden = conversation?.handledBy !== "bot" || isOver || !config?.features.human;
  find("#anew").hidden = !isOver;
  find("#thanks").hidden = !rating.show(conversation, Boolean(isOver && config?.rating));
  const greeting = (conversation ? "" : chat.campaign?.text) || config?.texts.greeting;
  find("#greeting").textContent = greeting ?? "";
  find("#greeting").hidden = !greeting;
  drawForm();
  transcript.show(conversation, messages, chat.outbox.items, draft);
  if (chat.isThinking && !draft) transcript.toEnd();
  countUnread(messages);
}

/** The form stands where one writes, until it is answered. */
function drawForm() {
  const wanted = chat.formWanted;
  const sheet = find("#asking");
  const isNew = wanted !== null && sheet.dataset.form !== wanted;
  if (isNew) asking.show(chat.config.texts[wanted], chat.config[wanted], chat.config.texts);
  sheet.dataset.form = wanted ?? "";
  sheet.hidden = wanted === null;
  find("#composer").hidden = wanted !== null;
  if (wanted !== null && chat.refused.length) asking.complain(chat.refused);
  if (isNew && isOpen) asking.focus();
}

function standing(conversation) {
  const texts = chat.config?.texts;
  if (!texts) return find("#chat-standing").textContent;
  if (chat.connection === "waiting") return texts.reconnecting;
  if (conversation?.status === "resolved") return texts.ended;
  if (conversation?.handledBy === "agent") return texts.withTeam;
  if (!chat.config.hours.open) return texts.away;
  if (conversation?.handledBy === "queue" && conversation.status !== "snoozed") return texts.waiting;
  return chat.config.assistantId ? texts.assistantFirst : texts.askAnything;
}

function countUnread(messages) {
  const latest = messages.at(-1)?.seq ?? 0;
  if (isOpen && latest > memory.seen) memory.keep({ seen: latest });
  const unread = messages.filter((message) => message.role !== "visitor" && message.seq > memory.seen);
  tell({ verbatim: "unread", count: unread.length });
  if (memory.visitorToken) receipts.note(chat.conversationId, messages, isOpen);
}

function heard({ source, data }) {
  if (source !== window.parent || !data?.verbatim) return;
  if (data.verbatim === "page") {
    tracker.saw(data.page);
    campaigns.saw(data.page.url);
    return;
  }
  isOpen = data.verbatim === "opened";
  if (!isOpen) return;
  takeUp();
  tracker.tell("widget_opened");
  draw();
  transcript.toEnd();
  focusFirst();
}

function close() {
  campaigns.hide();
  tell({ verbatim: "show", open: false });
}

/** Nothing secret goes out: whoever embeds the chat may hear it. */
function tell(message) {
  if (window.parent !== window) window.parent.postMessage(message, "*");
}

function complain(problem) {
  const trouble = find("#trouble");
  trouble.textContent = problem.message;
  trouble.hidden = false;
}
