/** The chat inside its iframe: wires the page to the chat, and talks with the loader outside. */

import { readable } from "../shared/color.js";
import { find } from "../shared/dom.js";
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { Memory } from "./memory.js";
import { Tracker } from "./tracker.js";
import { Transcript } from "./transcript.js";

const place = new URLSearchParams(location.hash.slice(1));
const widgetId = place.get("widget") ?? "";
const memory = new Memory(widgetId);
const widgetToken = place.get("token") ?? "";
const chat = new Chat({ widgetId, widgetToken, memory });
const tracker = new Tracker({ widgetId, widgetToken, memory, consent: place.get("consent") !== "false" });
const composer = new Composer(/** @type {HTMLFormElement} */ (find("#composer")), post);
const transcript = new Transcript(find("#log"), find("#scroll"), {
  retry: (key) => chat.outbox.retry(key),
  discard: (key) => chat.outbox.discard(key),
});
let isOpen = window.parent === window;

chat.store.subscribe(draw);
find("#close").addEventListener("click", close);
find("#anew").addEventListener("click", startOver);
find("#human").addEventListener("click", requestHuman);
document.addEventListener("keydown", (event) => event.key === "Escape" && close());
window.addEventListener("message", heard);
chat.start().then(dress).catch(complain);
tracker.start();

function post(text) {
  find("#trouble").hidden = true;
  chat.outbox.post(text);
}

function startOver() {
  chat.startOver();
  composer.focus();
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

/** The tenant's name, colour and greeting, here and on the launcher outside. */
function dress() {
  const { name, widget = {} } = chat.config;
  const { color, ink } = readable(widget.primaryColor ?? "");
  document.documentElement.style.setProperty("--brand", color);
  document.documentElement.style.setProperty("--on-brand", ink);
  document.title = find("#chat-name").textContent = name;
  find("#greeting").textContent = widget.greeting ?? "Hello! How can we help?";
  find("#greeting").hidden = false;
  tell({ verbatim: "look", color, ink, side: widget.position === "bottom-left" ? "left" : "right" });
  draw();
}

function draw() {
  const { conversation, messages } = chat;
  find("#chat-standing").textContent = standing(conversation);
  find("#thinking").hidden = !chat.isThinking;
  find("#human").hidden = conversation?.handledBy !== "bot" || conversation.status === "resolved";
  find("#anew").hidden = conversation?.status !== "resolved";
  transcript.show(conversation, messages, chat.outbox.items);
  if (chat.isThinking) transcript.toEnd();
  countUnread(messages);
}

function standing(conversation) {
  if (chat.connection === "waiting") return "Reconnecting…";
  if (conversation?.status === "resolved") return "This conversation has ended";
  if (conversation?.handledBy === "queue") return "A person will be with you soon";
  if (conversation?.handledBy === "agent") return "You are talking with our team";
  return chat.config?.assistantId ? "Our assistant answers first" : "Ask us anything";
}

function countUnread(messages) {
  const latest = messages.at(-1)?.seq ?? 0;
  if (isOpen && latest > memory.seen) memory.keep({ seen: latest });
  const unread = messages.filter((message) => message.role !== "visitor" && message.seq > memory.seen);
  tell({ verbatim: "unread", count: unread.length });
}

function heard({ source, data }) {
  if (source !== window.parent || !data?.verbatim) return;
  if (data.verbatim === "page") {
    tracker.saw(data.page);
    return;
  }
  isOpen = data.verbatim === "opened";
  if (!isOpen) return;
  tracker.tell("widget_opened");
  draw();
  transcript.toEnd();
  composer.focus();
}

function close() {
  tell({ verbatim: "close" });
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
