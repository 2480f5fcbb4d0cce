// Counts by plus and minus beside the field; "unknown" empties it and a number takes "unknown" away.
(() => {
  "use strict";
  const arabic = "٠١٢٣٤٥٦٧٨٩";
  const persian = "۰۱۲۳۴۵۶۷۸۹";

  function read(input) {
    const western = input.value.trim().replace(/[٠-٩۰-۹]/g, (digit) => {
      const at = arabic.indexOf(digit);
      return String(at >= 0 ? at : persian.indexOf(digit));
    });
    return /^\d+$/.test(western) ? Number(western) : null;
  }

  function prepare(root) {
    root.querySelectorAll("[data-stepper] [data-step][hidden]").forEach((button) => {
      button.hidden = false;
    });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-step]");
    if (!button) return;
    const stepper = button.closest("[data-stepper]");
    const input = stepper.querySelector("input:not([type=checkbox])");
    const now = read(input);
    const step = Number(button.dataset.step);
    input.value = String(Math.max(0, now === null ? Math.max(0, step) : now + step));
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  document.addEventListener("input", (event) => {
    const stepper = event.target.closest("[data-stepper]");
    if (!stepper) return;
    const unknown = stepper.querySelector("[data-unknown]");
    if (!unknown) return;
    const input = stepper.querySelector("input:not([type=checkbox])");
    if (event.target === unknown) {
      if (unknown.checked) input.value = "";
    } else if (input.value !== "") {
      unknown.checked = false;
    }
  });

  document.addEventListener("htmx:load", (event) => prepare(event.target));
  document.addEventListener("ceasefire:fresh", (event) => prepare(event.target));
  prepare(document);
})();
