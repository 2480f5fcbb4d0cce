// The question about likely twins stands on the page of the report itself. The phone's way back
// leads from it to what was written, not away from the page.
(() => {
  "use strict";
  const question = () => document.querySelector("[data-twins]");

  function backToForm() {
    const asked = question();
    if (!asked) return;
    asked.hidden = true;
    const form = document.querySelector("[data-twins-form]");
    if (form) {
      form.open = true;
      form.querySelector("summary").focus();
    }
  }

  function arrived() {
    if (question() && !(history.state && history.state.twins)) {
      history.pushState({ twins: true }, "", location.href);
    }
  }

  document.addEventListener("ceasefire:fresh", () => {
    const asked = question();
    if (asked) asked.focus();
    arrived();
  });
  window.addEventListener("popstate", backToForm);
  arrived();
})();
