// Keeps the 72-hour board fresh while its page is open. Asks only when the page is in view, and
// never takes away what somebody is about to answer in a row: then it waits and says so.
(() => {
  "use strict";

  const board = () => document.querySelector("[data-board]");

  // --- giving it to somebody in its row --------------------------------------------------------
  // The people stand on the board once. Each row's link becomes a form with those of its site; of
  // a sensitive record, with those who may see it. The server looks again.
  let forms = 0;
  function formOf(link, shared) {
    const form = shared.content.firstElementChild.cloneNode(true);
    const { code, version, has, site, readers } = link.dataset;
    const select = form.querySelector("select");
    const sensitive = "sensitive" in link.dataset;
    [...select.options].forEach((option) => {
      const there = option.dataset.sites === undefined || option.dataset.sites.split(" ").includes(site);
      const sees = !sensitive || !option.value || "sees" in option.dataset || readers.split(" ").includes(option.value);
      if (!there || !sees) option.remove();
      else option.defaultSelected = option.value === has;
    });
    forms += 1;
    select.id = `give-${forms}`;
    form.querySelector("label").htmlFor = select.id;
    form.querySelectorAll("[data-code]").forEach((one) => (one.textContent = ` ${code}`));
    form.elements.version.value = version;
    form.action = link.href;
    form.setAttribute("hx-post", link.getAttribute("href"));
    form.setAttribute("hx-target", "#board");
    form.setAttribute("hx-swap", "outerHTML");
    return form;
  }

  function giveForms() {
    const here = board();
    const shared = here && here.querySelector("[data-give-form]");
    if (!shared || !window.htmx) return;
    here.querySelectorAll("a[data-give]").forEach((link) => {
      const form = formOf(link, shared);
      link.replaceWith(form);
      window.htmx.process(form);
    });
  }
  giveForms();

  // A field in use, or an answer that differs from what the server sent and was not sent yet.
  function answering() {
    const here = board();
    if (!here) return false;
    const focused = document.activeElement;
    if (focused && here.contains(focused) && focused.matches("select, textarea, input")) return true;
    return [...here.querySelectorAll("select")].some((select) =>
      [...select.options].some((option) => option.selected !== option.defaultSelected)
    );
  }

  function say(waits) {
    const here = board();
    if (!here) return;
    const words = here.querySelector("[data-board-words]");
    const line = here.querySelector("[data-board-waiting]");
    const text = waits ? words.content.textContent : "";
    if (line.textContent !== text) line.textContent = text;
  }

  let asking = false;
  let asked = 0;
  function look() {
    const here = board();
    if (!here || !window.htmx || document.hidden || asking) return;
    const waits = answering();
    say(waits);
    if (waits) return;
    window.htmx.trigger(here, "look");
  }
  // Counted from when it is really sent: a board that has just come hears nothing for a moment, and
  // what was lost then is asked again with the next second.
  document.addEventListener("htmx:beforeSend", (event) => {
    if (event.detail.elt !== board()) return;
    asking = true;
    asked = Date.now();
  });

  const every = () => Number((board() || { dataset: {} }).dataset.every || 20) * 1000;
  setInterval(() => {
    if (Date.now() - asked >= every()) look();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-board-again]") || !window.htmx) return;
    event.preventDefault();
    look();
  });

  // --- the answer comes ------------------------------------------------------------------------
  let kept = "";
  document.addEventListener("htmx:beforeSwap", (event) => {
    const here = board();
    if (!here || event.detail.target !== here) return;
    const polled = event.detail.requestConfig.verb === "get";
    const text = event.detail.xhr.responseText;
    if (event.detail.xhr.status === 204) return;
    if (!text.includes("data-board")) {
      // Signed out meanwhile, or a page of another kind: the whole page says what it is.
      event.detail.shouldSwap = false;
      window.location.reload();
      return;
    }
    if (polled && answering()) {
      event.detail.shouldSwap = false;
      say(true);
      return;
    }
    const row = document.activeElement && document.activeElement.closest("[data-board] [data-row]");
    kept = row ? row.id : "";
  });
  document.addEventListener("htmx:afterSwap", () => {
    giveForms();
    if (!kept) return;
    const row = document.getElementById(kept);
    kept = "";
    const name = row && row.querySelector(".row-name");
    if (name) name.focus({ preventScroll: true });
  });
  document.addEventListener("htmx:afterRequest", () => {
    asking = false;
  });
})();
