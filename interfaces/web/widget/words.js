/** Puts the widget's texts, in the visitor's language, where the page marks a place for them. */

/**
 * `data-word` is an element's text, `data-word-label` its name for screen readers, `data-word-hint` its placeholder.
 * @param {Record<string, string>} texts
 * @param {ParentNode} [root]
 */
export function putWords(texts, root = document) {
  for (const node of root.querySelectorAll("[data-word]")) node.textContent = texts[node.dataset.word] ?? "";
  for (const node of root.querySelectorAll("[data-word-label]")) node.setAttribute("aria-label", texts[node.dataset.wordLabel] ?? "");
  for (const node of root.querySelectorAll("[data-word-hint]")) node.setAttribute("placeholder", texts[node.dataset.wordHint] ?? "");
}
