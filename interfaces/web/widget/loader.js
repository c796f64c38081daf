// <script src="…/widget/loader.js" data-widget="wid_…" data-token="wt_…" async></script>
(() => {
  const script = document.currentScript;
  const { widget, token, consent = "true", locale = "" } = script.dataset;
  const origin = new URL(script.src).origin;
  const make = (tag, facts) => Object.assign(document.createElement(tag), facts);

  const host = make("verbatim-chat");
  const style = make("link", { rel: "stylesheet", href: `${origin}/widget/launcher.css` });
  const button = make("button", { ariaLabel: "Chat", ariaExpanded: false });
  const frame = make("iframe", { title: "Chat", hidden: true });
  // After the #: no server and no log ever sees the token.
  frame.src = `${origin}/widget/frame.html?widget=${widget}#${new URLSearchParams({ token, consent, locale })}`;
  const words = { open: "Chat", close: "Close chat" };

  const show = (open) => {
    frame.hidden = !open;
    button.ariaExpanded = open;
    button.ariaLabel = open ? words.close : words.open;
    frame.contentWindow.postMessage({ verbatim: open ? "opened" : "closed" }, origin);
    (open ? frame : button).focus();
  };
  let told;
  let referrer = document.referrer;
  const page = () => {
    const url = location.href.split("#")[0];
    if (url === told) return;
    frame.contentWindow.postMessage({ verbatim: "page", page: { url, title: document.title, referrer } }, origin);
    told = referrer = url;
  };
  // Pages of one document change their address without a load, and nothing says so.
  frame.onload = () => setInterval(page, 1000, page());

  button.onclick = () => show(frame.hidden);

  addEventListener("message", ({ source, data }) => {
    if (source !== frame.contentWindow) return;
    if (data.verbatim === "close") show(false);
    if (data.verbatim === "unread") button.dataset.unread = data.count || "";
    if (data.verbatim === "look") {
      host.style.setProperty("--color", data.color);
      host.style.setProperty("--ink", data.ink);
      Object.assign(host.dataset, { side: data.side, icon: data.icon });
      button.textContent = data.words.label;
      button.ariaLabel = frame.hidden ? Object.assign(words, data.words).open : data.words.close;
    }
  });

  host.attachShadow({ mode: "open" }).append(style, frame, button);
  document.body.append(host);
})();
