(() => {
  const { dataset, src } = document.currentScript;
  const { widget, token, consent, locale = "" } = dataset;
  const { origin } = new URL(src);
  const make = (tag, facts) => Object.assign(document.createElement(tag), facts);
  const host = make("verbatim-chat");
  const style = make("link", { rel: "stylesheet", href: `${origin}/widget/launcher.css` });
  const button = make("button", { ariaExpanded: false });
  const frame = make("iframe", { title: "Chat", hidden: true });
  // After #: no server sees the token.
  frame.src = `${origin}/widget/frame.html?widget=${widget}#${new URLSearchParams({ token, consent, locale })}`;
  let words = { open: "Chat", close: "Close" };
  const tell = (verbatim, page) => frame.contentWindow.postMessage({ verbatim, page }, origin);
  const name = () => (button.ariaLabel = frame.hidden ? words.open : words.close);
  name();
  const show = (open) => {
    frame.hidden = !(button.ariaExpanded = open);
    name();
    tell(open ? "opened" : "closed");
    (open ? frame : button).focus();
  };
  let told, { referrer } = document;
  const page = () => {
    const [url] = location.href.split("#");
    if (url === told) return;
    tell("page", { url, title: document.title, referrer });
    told = referrer = url;
  };
  // Pages change without a load.
  frame.onload = () => setInterval(page, 1000, page());

  button.onclick = () => show(frame.hidden);
  addEventListener("message", ({ source, data }) => {
    if (source !== frame.contentWindow) return;
    if (data.verbatim === "show") show(data.open);
    if (data.verbatim === "unread") button.dataset.unread = data.count || "";
    if (data.verbatim === "look") {
      host.style = data.style;
      Object.assign(host.dataset, data.marks);
      ({ words } = data);
      button.textContent = words.label;
      name();
    }
  });

  host.attachShadow({ mode: "open" }).append(style, frame, button);
  document.body.append(host);
})();
