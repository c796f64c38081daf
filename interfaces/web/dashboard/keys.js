/** Single keys, as agents know them from elsewhere. Never while somebody types. */

import { find } from "../shared/dom.js";

const TYPING = "input, textarea, select, [contenteditable]";
const TABS = ["mine", "unassigned", "open", "mentions"];

/**
 * @param {{desk: import("./desk.js").Desk, inbox: import("./inbox.js").Inbox,
 *   pane: import("./conversation.js").ConversationPane, composer: import("./composer.js").Composer}} page
 * @returns {(event: KeyboardEvent) => void}
 */
export function keys({ desk, inbox, pane, composer }) {
  const actions = {
    j: () => inbox.move(1),
    k: () => inbox.move(-1),
    r: () => desk.selected && composer.write(false),
    n: () => desk.selected && composer.write(true),
    a: () => pane.accept(),
    "?": () => showHelp(),
    1: () => desk.show(TABS[0]),
    2: () => desk.show(TABS[1]),
    3: () => desk.show(TABS[2]),
    4: () => desk.show(TABS[3]),
  };
  return (event) => {
    const isTaken = event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented;
    const target = /** @type {HTMLElement} */ (event.target);
    if (isTaken || target.closest(TYPING) || target.closest("dialog") || !actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  };
}

export function showHelp() {
  const help = /** @type {HTMLDialogElement} */ (find("#help"));
  if (!help.open) help.showModal();
}
