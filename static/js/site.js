// Small behaviours of every page. Words come from the templates; nothing is kept on the device.
(() => {
  "use strict";

  // --- leave at once -----------------------------------------------------------------------
  // Blank first, so that nothing shows while the network is slow or gone; then end the session
  // with a beacon, which outlives the page; then replace this entry of the history.
  function leave(button) {
    document.documentElement.classList.add("blanked");
    document.title = "\u200e";
    const token = button.form && button.form.querySelector("[name=csrfmiddlewaretoken]");
    const data = new FormData();
    if (token) data.append("csrfmiddlewaretoken", token.value);
    data.append("beacon", "1");
    document.body.replaceChildren();
    try {
      navigator.sendBeacon(button.dataset.leaveUrl, data);
    } finally {
      window.location.replace(button.dataset.awayUrl);
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-leave-url]");
    if (button) {
      event.preventDefault();
      leave(button);
    }
  });

  let shifts = [];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Shift") {
      shifts = [];
      return;
    }
    if (event.repeat) return;
    shifts = shifts.filter((at) => event.timeStamp - at < 3000).concat(event.timeStamp);
    if (shifts.length >= 3) {
      const button = document.querySelector("[data-leave-url]");
      if (button) leave(button);
      shifts = [];
    }
  });

  // A page brought back by the back button after leaving would still show what it held.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && document.querySelector("[data-leave-url]")) window.location.reload();
  });

  // --- menus made of <details> ---------------------------------------------------------------
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details[data-close-outside][open]").forEach((open) => {
      if (!open.contains(event.target)) open.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details[data-close-outside][open]").forEach((open) => {
      const inside = open.contains(document.activeElement);
      open.open = false;
      if (inside) open.querySelector("summary").focus();
    });
  });

  // --- forms ---------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-once]") || event.defaultPrevented) return;
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    form.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-once][aria-busy]").forEach((form) => {
      form.removeAttribute("aria-busy");
    });
  });

  // Empty filters stay out of the address, so that a shared link is short.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-filters]")) return;
    form.querySelectorAll("input, select").forEach((field) => {
      if (field.name && !field.value) field.disabled = true;
    });
    setTimeout(() => form.querySelectorAll(":disabled").forEach((field) => (field.disabled = false)));
  });
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.target.matches("form[data-filters]")) return;
    const values = event.detail.parameters;
    Object.keys(values).forEach((name) => {
      if (values[name] === "") delete values[name];
    });
  });

  // A link in the error summary takes the focus to the field itself, also inside a folded part.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-error-summary] a[href^='#']");
    if (!link) return;
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target) return;
    event.preventDefault();
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) {
      fold.open = true;
    }
    const field = target.matches("input, select, textarea, button")
      ? target
      : target.querySelector("input, select, textarea, button") || target;
    field.focus();
    (field.closest(".field") || field).scrollIntoView({ block: "start" });
  });

  // Parts of a form that only matter after some answer.
  function answer(form, name) {
    const field = form.elements[name];
    if (!field) return "";
    if (field instanceof RadioNodeList) {
      const checked = [...field].filter((one) => one.checked);
      return checked.map((one) => one.value).join("|");
    }
    if (field.type === "checkbox" || field.type === "radio") return field.checked ? field.value : "";
    return field.value;
  }
  function showParts(form) {
    form.querySelectorAll("[data-show-when]").forEach((part) => {
      const [name, wanted] = part.dataset.showWhen.split("=");
      const given = answer(form, name).split("|");
      const shown = wanted === undefined ? given[0] !== "" : wanted.split("|").some((one) => given.includes(one));
      part.hidden = !shown && !part.querySelector(".field-bad");
    });
  }
  document.addEventListener("change", (event) => {
    if (event.target.form) showParts(event.target.form);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });

  // htmx notes the address in view in the tab's storage, whatever its settings; ours keeps nothing.
  const forget = () => window.sessionStorage.removeItem("htmx-current-path-for-history");
  ["htmx:pushedIntoHistory", "htmx:replacedInHistory", "htmx:historyRestore"].forEach((name) =>
    document.addEventListener(name, forget)
  );
  document.addEventListener("DOMContentLoaded", forget);

  // --- what a fresh part of a page needs --------------------------------------------------------
  function prepare(root) {
    root.querySelectorAll("form").forEach(showParts);
    root.querySelectorAll("[data-error-summary] a[href^='#']").forEach((link) => {
      const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
      for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) {
        fold.open = true;
      }
    });
    const summary = root.querySelector("[data-error-summary]");
    if (summary) summary.focus();
  }
  window.ceasefire = { prepare };
  document.addEventListener("htmx:load", (event) => {
    if (event.target !== document.body) prepare(event.target);
  });
  prepare(document);
})();
