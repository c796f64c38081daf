/** The agents' page: the door, and behind it the desk. The address keeps which conversation is open. */

import { find } from "../shared/dom.js";
import { keepAges } from "../shared/time.js";
import { CompanyLogin } from "./company.js";
import { Composer } from "./composer.js";
import { ConversationPane } from "./conversation.js";
import { Desk } from "./desk.js";
import { Inbox } from "./inbox.js";
import { keys, showHelp } from "./keys.js";
import { MentionRows } from "./mention_rows.js";
import { ParticipantsPanel } from "./participants.js";
import { Session } from "./session.js";

const CONNECTION = { connecting: "Connecting…", live: "Live", waiting: "Reconnecting…", refused: "Logged out", closed: "" };
const TOAST = 6_000;
const ANSWERING = new Set(["owner", "admin", "supervisor", "agent"]);

const session = new Session(leave);
const company = new CompanyLogin(session);
let atDesk = null;
let toasted = 0;

find("#login").addEventListener("submit", login);
find("#logout").addEventListener("click", () => session.logout().catch(complain));
find("#keys").addEventListener("click", showHelp);
keepAges();
begin().catch(complain);

async function begin() {
  await company.arrive();
  if (session.user) {
    enter();
    return;
  }
  leave();
  company.tell();
}

async function login(event) {
  event.preventDefault();
  const form = new FormData(event.target);
  const trouble = find("#login-trouble");
  trouble.hidden = true;
  try {
    await session.login(form.get("email"), form.get("password"));
    event.target.reset();
    enter();
  } catch (problem) {
    trouble.textContent = problem.message;
    trouble.hidden = false;
  }
}

function enter() {
  if (!ANSWERING.has(session.user?.role)) {
    complain(new Error(`This page is for people who answer. As ${session.user?.role} you work with the API.`));
    session.logout().catch(complain);
    return;
  }
  find("#door").hidden = true;
  find("#desk").hidden = false;
  find("#me").textContent = `${session.user?.name} · ${session.user?.role}`;
  atDesk = sitDown();
}

function leave() {
  atDesk?.close();
  atDesk = null;
  document.title = "Verbatim";
  find("#desk").hidden = true;
  find("#door").hidden = false;
  find("#email").focus();
}

/** Everything that lives from a login to its logout. */
function sitDown() {
  const desk = new Desk(session, complain);
  const inbox = new Inbox(desk);
  const pane = new ConversationPane(desk, complain);
  const composer = new Composer(desk, complain);
  const listeners = new AbortController();
  const besides = [new MentionRows(desk), new ParticipantsPanel(desk, complain)];
  const draw = () => [inbox, pane, composer, head, ...besides].forEach((part) => part.draw());
  const head = { draw: () => drawHead(desk) };
  const follow = () => desk.select(location.hash.slice(1) || null);
  desk.store.subscribe(draw);
  window.addEventListener("hashchange", follow, listeners);
  document.addEventListener("visibilitychange", () => desk.seen().catch(complain), listeners);
  document.addEventListener("keydown", keys({ desk, inbox, pane, composer }), listeners);
  follow();
  return {
    close() {
      listeners.abort();
      desk.close();
    },
  };
}

function drawHead(desk) {
  const unread = [...desk.store.conversations.values()].filter((row) => row.assigneeId === desk.me && row.unread);
  document.title = unread.length ? `(${unread.length}) Verbatim` : "Verbatim";
  find("#connection").textContent = CONNECTION[desk.connection];
  find("#connection").className = `connection is-${desk.connection}`;
  find("#desk").classList.toggle("has-selection", Boolean(desk.selectedId));
}

function complain(problem) {
  const toast = find("#toast");
  toast.textContent = problem.message;
  toast.hidden = false;
  clearTimeout(toasted);
  toasted = setTimeout(() => {
    toast.hidden = true;
  }, TOAST);
}
