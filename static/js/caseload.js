// What cannot be sent from a row of the caseload says so there, and may be tapped again: the form's
// own key makes a second arrival harmless.
(() => {
  "use strict";
  function say(event) {
    const table = document.querySelector("[data-caseload]");
    const form = event.target.closest("form");
    if (!table || !form || !table.contains(form)) return;
    form.removeAttribute("aria-busy");
    const note = form.querySelector("[data-row-unsent]");
    if (!note) return;
    note.textContent = table.dataset.notSent;
    note.hidden = false;
  }
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) => document.addEventListener(name, say));
})();
