// Keyboard shortcuts. A link, button or field says its keys in data-key ("n", "g i"); nothing else
// is bound here. Letters are read by their place on the keyboard (event.code), so that they work
// under an Arabic layout as well. Off where the person turned them off in their account, and never
// while something is being typed.
(() => {
  "use strict";
  if (!document.body.hasAttribute("data-keys")) return;
  const FOLLOWS_WITHIN = 1500;
  let first = null; // {key, at}: the "g" of "g i"

  const isTyping = (node) =>
    node.isContentEditable ||
    node.matches("textarea, select") ||
    (node.matches("input") && !node.matches("[type=checkbox], [type=radio], [type=submit], [type=button]"));

  function keyOf(event) {
    if (event.key === "?" || event.key === "؟" || (event.code === "Slash" && event.shiftKey)) return "?";
    if (event.key === "/" || event.code === "Slash") return "/";
    const letter = /^Key([A-Z])$/.exec(event.code || "");
    if (letter && !event.shiftKey) return letter[1].toLowerCase();
    return event.shiftKey ? "" : event.key.toLowerCase();
  }

  const rows = () => [...document.querySelectorAll("#results .row-link")];

  function move(step) {
    const links = rows();
    if (!links.length) return false;
    const here = links.findIndex((link) => link.closest("tr") === document.activeElement.closest("tr"));
    const next = here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step;
    const link = links[Math.min(Math.max(next, 0), links.length - 1)];
    link.focus();
    link.closest("tr").scrollIntoView({ block: "nearest" });
    return true;
  }

  function tick() {
    const row = document.activeElement.closest("tr");
    const box = row && row.querySelector("[name=pick]");
    if (!box) return false;
    box.click();
    return true;
  }

  // The list is a page of its own; it is called for once and laid over this one.
  async function help() {
    let dialog = document.getElementById("keys-help");
    if (!dialog) {
      const link = document.querySelector("a[data-keys-help]");
      if (!link) return;
      let list;
      try {
        const answer = await fetch(link.href, { credentials: "same-origin" });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        list = answer.ok && page.getElementById("keys-list");
      } catch {
        list = null;
      }
      if (!list || document.getElementById("keys-help")) return;
      dialog = document.createElement("dialog");
      dialog.id = "keys-help";
      dialog.className = "keys-help";
      const heading = document.createElement("h2");
      heading.id = "keys-help-title";
      heading.textContent = link.textContent.trim();
      dialog.setAttribute("aria-labelledby", heading.id);
      const close = document.createElement("button");
      close.type = "button";
      close.className = "btn btn-secondary";
      close.textContent = link.dataset.close;
      close.addEventListener("click", () => dialog.close());
      dialog.addEventListener("click", (event) => {
        if (event.target === dialog) dialog.close();
      });
      dialog.append(heading, list, close);
      document.body.append(dialog);
    }
    if (dialog.open) dialog.close();
    else dialog.showModal();
  }

  function use(keys) {
    const target = document.querySelector(`[data-key="${CSS.escape(keys)}"]`);
    if (!target) return false;
    if (target.matches("input, textarea, select")) {
      target.focus();
      if (target.select) target.select();
    } else {
      target.click();
    }
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (isTyping(event.target)) return;
    const open = document.querySelector("dialog[open]");
    const key = keyOf(event);
    if (!key || (open && key !== "?")) return;
    const follows = first && event.timeStamp - first.at < FOLLOWS_WITHIN;
    const keys = follows ? `${first.key} ${key}` : key;
    first = null;
    let used = false;
    if (key === "?") {
      used = true;
      help();
    }
    else if (!follows && key === "j") used = move(1);
    else if (!follows && key === "k") used = move(-1);
    else if (!follows && key === "x") used = tick();
    else if (!follows && key === "g") first = { key, at: event.timeStamp };
    else used = use(keys);
    if (used) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest("a[data-keys-help]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    help();
  });
})();
