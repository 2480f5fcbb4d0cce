// The sum of the budget while it is typed: how many at how much, of the lines that the fund pays.
(() => {
  "use strict";
  const arabic = "٠١٢٣٤٥٦٧٨٩";
  const persian = "۰۱۲۳۴۵۶۷۸۹";

  // As the server reads it: either digit set, thousands set apart in threes, no comma for a point.
  function read(text) {
    const plain = text
      .replace(/[٠-٩]/g, (digit) => arabic.indexOf(digit))
      .replace(/[۰-۹]/g, (digit) => persian.indexOf(digit))
      .replace(/[٬،'’\s]/g, ",")
      .replace(/٫/g, ".")
      .replace(/^,+|,+$/g, "");
    return /^(\d{1,3}(,\d{3})+|\d+)(\.\d+)?$/.test(plain) ? Number(plain.replace(/,/g, "")) : 0;
  }

  function count(sum) {
    const form = sum.closest("form");
    let cents = 0;
    form.querySelectorAll("[data-row]").forEach((row) => {
      const part = (name) => row.querySelector(`[name$="-${name}"]`);
      if (part("own").checked || (part("remove") || {}).checked) return;
      cents += Math.round(read(part("quantity").value) * read(part("unit_cost_usd").value) * 100 + 1e-6);
    });
    const asked = Math.round(Number(sum.dataset.asked) * 100);
    const words = new Intl.NumberFormat("en", { minimumFractionDigits: 2 }).format(cents / 100);
    sum.querySelector("[data-sum]").textContent = words;
    sum.querySelector("[data-fits]").hidden = cents !== asked;
    sum.querySelector("[data-differs]").hidden = cents === asked;
    sum.hidden = false;
  }

  const sum = document.querySelector("[data-budget-sum]");
  if (!sum) return;
  count(sum);
  sum.closest("form").addEventListener("input", () => count(sum));
  sum.closest("form").addEventListener("change", () => count(sum));
})();
