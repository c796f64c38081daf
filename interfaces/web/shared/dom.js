/**
 * Builds elements safely: what came over the wire only ever becomes text or a checked attribute.
 * Nothing here, and nothing that uses it, parses a string as markup.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;
const SAFE_ADDRESS = /^(https?:\/\/|[/#.])/;

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [props] `on…` functions listen; true sets, false, null and undefined leave out
 * @param {...(Child | Child[])} children
 * @returns {HTMLElement}
 */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(element, name, value);
  element.append(...children.flat().filter(isShown).map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/**
 * Plain text with its http(s) addresses made clickable.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export function prose(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(end, match.index), link(match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}

/**
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement} the one element the page promises; a page without it is a mistake worth hearing of
 */
export function find(selector, root = document) {
  const element = root.querySelector(selector);
  if (!(element instanceof HTMLElement)) throw new Error(`The page has no ${selector}.`);
  return element;
}

/**
 * A list that redraws only what changed, so focus, scrolling and screen readers stay where they were.
 * @template T
 */
export class KeyedList {
  /** @type {Map<string, {signature: string, node: HTMLElement}>} */
  #drawn = new Map();

  /**
   * @param {HTMLElement} container
   * @param {(item: T) => string} keyOf
   * @param {(item: T) => HTMLElement} draw
   */
  constructor(container, keyOf, draw) {
    this.container = container;
    this.keyOf = keyOf;
    this.draw = draw;
  }

  /** @param {T[]} items in the order they are shown */
  show(items) {
    const focused = this.#focusedKey();
    const before = this.#drawn;
    this.#drawn = new Map(items.map((item) => [this.keyOf(item), this.#entry(item, before)]));
    for (const [key, { node }] of before) if (this.#drawn.get(key)?.node !== node) node.remove();
    this.#arrange();
    if (focused && !this.container.contains(document.activeElement)) focusWithin(this.#drawn.get(focused)?.node);
  }

  #entry(item, before) {
    const signature = JSON.stringify(item);
    const known = before.get(this.keyOf(item));
    return known?.signature === signature ? known : { signature, node: this.draw(item) };
  }

  #arrange() {
    let place = this.container.firstElementChild;
    for (const { node } of this.#drawn.values()) {
      if (node === place) place = place.nextElementSibling;
      else this.container.insertBefore(node, place);
    }
  }

  #focusedKey() {
    const active = document.activeElement;
    if (!active || !this.container.contains(active)) return null;
    for (const [key, { node }] of this.#drawn) if (node.contains(active)) return key;
    return null;
  }
}

function setProp(element, name, value) {
  if (value === false || value === null || value === undefined) return;
  if (typeof value === "function") {
    element.addEventListener(name.slice(2).toLowerCase(), value);
    return;
  }
  if ((name === "href" || name === "src") && !SAFE_ADDRESS.test(String(value))) return;
  element.setAttribute(name, value === true ? "" : String(value));
}

function isShown(child) {
  return child !== null && child !== undefined && child !== false;
}

function link(address) {
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address);
}

function focusWithin(node) {
  const target = node?.matches("a, button, [tabindex]") ? node : node?.querySelector("a, button, [tabindex]");
  target?.focus();
}
