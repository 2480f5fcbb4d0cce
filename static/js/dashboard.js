// Full screen: Escape leads back to the whole page, as its link does.
(() => {
  "use strict";
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const back = document.querySelector("[data-escape]");
    if (back) back.click();
  });
})();
