// Ticking rows of a list: the whole page at once, and how many are ticked. Without it the boxes
// and buttons work all the same.
(() => {
  "use strict";
  function show(form) {
    const boxes = [...document.querySelectorAll(`input[name=pick][form="${form.id}"]`)];
    const ticked = boxes.filter((box) => box.checked).length;
    const count = form.querySelector("[data-bulk-count]");
    const page = form.querySelector("[data-bulk-page]");
    if (page) {
      page.hidden = false;
      const all = page.querySelector("input");
      all.checked = ticked > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
    }
    const everything = form.querySelector("[name=everything]");
    // On a phone the bar follows the thumb only while there is something to do.
    form.classList.toggle("is-ticking", ticked > 0 || Boolean(everything && everything.checked));
    if (count) {
      const number = new Intl.NumberFormat(document.documentElement.lang, { numberingSystem: document.body.dataset.digits || "latn" });
      count.textContent = ticked ? `${count.dataset.some} ${number.format(ticked)}` : count.dataset.none;
    }
  }
  const prepare = () => document.querySelectorAll("form[data-bulk]").forEach(show);
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (!form || !form.matches("form[data-bulk]")) return;
    if (event.target.closest("[data-bulk-page]")) {
      document.querySelectorAll(`input[name=pick][form="${form.id}"]`).forEach((box) => (box.checked = event.target.checked));
    }
    show(form);
  });
  document.addEventListener("htmx:afterSettle", prepare);
  window.addEventListener("pageshow", prepare);
  prepare();
})();
