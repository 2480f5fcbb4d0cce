// The report form: how far along it is, what "now" is, the phone's place, another row.
(() => {
  "use strict";
  const opened = performance.now();
  let openedAt = null;

  // --- how far along: "3 of 5" --------------------------------------------------------------
  function answered(form, question) {
    const names = question.dataset.question.split(" ");
    const given = names.map((name) =>
      [...form.querySelectorAll(`[name="${name}"]`)].some((field) =>
        field.type === "radio" || field.type === "checkbox" ? field.checked : field.value.trim() !== "",
      ),
    );
    return question.hasAttribute("data-question-all") ? given.every(Boolean) : given.some(Boolean);
  }

  function count(form) {
    let done = 0;
    form.querySelectorAll("[data-question]").forEach((question) => {
      let yes = answered(form, question);
      if (question.dataset.question.startsWith("place") && !yes) {
        const lat = form.querySelector("[name=lat]");
        yes = Boolean(lat && lat.value);
      }
      question.classList.toggle("is-answered", yes);
      if (yes) done += 1;
    });
    const line = form.querySelector("[data-log-progress]");
    if (!line) return;
    line.hidden = false;
    line.querySelector("progress").value = done;
    const words = line.querySelector("[data-log-count]");
    words.textContent = words.dataset.words.replace("%(done)s", String(done));
  }

  // --- "now" is when it was tapped, told by the page's own age, not by the phone's clock -------
  function setNow(form) {
    const field = form.querySelector("[name=opened_at]");
    if (!field || !openedAt) return;
    const moment = new Date(openedAt.getTime() + performance.now() - opened);
    field.value = `${moment.toISOString().slice(0, 19)}+00:00`;
  }

  // --- the answered "what" shrinks on a phone ---------------------------------------------------
  function fold(form, yes) {
    const what = form.querySelector(".log-what");
    if (what) what.classList.toggle("is-folded", yes);
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form.log");
    if (!form) return;
    const name = event.target.name;
    if (name === "when" && event.target.value === "now") setNow(form);
    if (name === "place") form.querySelectorAll("[name=place_listed]").forEach((list) => (list.value = ""));
    if (name === "place_listed" && event.target.value) {
      form.querySelectorAll("[name=place]").forEach((one) => (one.checked = false));
    }
    count(form);
  });
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form.log");
    if (form) count(form);
  });
  // Folded only by a tap or the keyboard's choice, never while arrows pass over the answers.
  document.addEventListener("click", (event) => {
    const form = event.target.closest("form.log");
    if (!form) return;
    if (event.target.matches(".log-what input[type=radio]") && event.detail > 0) {
      const what = form.querySelector(".log-what");
      fold(form, !what.classList.contains("is-folded"));
      if (what.classList.contains("is-folded")) what.scrollIntoView({ block: "nearest" });
    }
  });
  // Enter in the search box looks for a place; it does not send the form.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("#place-text")) event.preventDefault();
  });

  // --- the phone's place -----------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-use-my-place]");
    if (!button) return;
    const form = button.closest("form");
    const said = form.querySelector("[data-my-place-said]");
    said.textContent = button.dataset.wordsAsking;
    navigator.geolocation.getCurrentPosition(
      (found) => {
        const metres = Math.round(found.coords.accuracy);
        // So far off it says no more than the place that is chosen, and would be drawn as if it did.
        if (metres > 1000) {
          said.textContent = `${button.dataset.wordsVague} (±${metres} m)`;
          return;
        }
        form.querySelector("[name=lat]").value = found.coords.latitude.toFixed(5);
        form.querySelector("[name=lon]").value = found.coords.longitude.toFixed(5);
        // "About there" where the phone itself is not sure of the street.
        const precision = form.querySelector("[name=geo_precision]");
        if (precision) precision.value = metres > 150 ? "2" : "";
        said.textContent = `${button.dataset.wordsDone} (±${metres} m)`;
        count(form);
      },
      () => {
        said.textContent = button.dataset.wordsFailed;
      },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    );
  });

  // --- another row -------------------------------------------------------------------------------
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-add-row]");
    if (!button) return;
    const set = button.closest("[data-rows]");
    const prefix = set.dataset.rows;
    const total = set.querySelector(`[name="${prefix}-TOTAL_FORMS"]`);
    const rows = set.querySelectorAll("[data-row]");
    const last = rows[rows.length - 1];
    const number = Number(total.value);
    if (!last || number >= 30) return;
    const old = `${prefix}-${number - 1}-`;
    const fresh = `${prefix}-${number}-`;
    const copy = last.cloneNode(true);
    copy.querySelectorAll("*").forEach((part) => {
      ["name", "id", "for", "aria-describedby", "aria-controls"].forEach((name) => {
        const value = part.getAttribute(name);
        if (value && value.includes(old)) part.setAttribute(name, value.replaceAll(old, fresh));
      });
    });
    copy.querySelectorAll("input, select, textarea").forEach((field) => {
      if (field.type === "checkbox" || field.type === "radio") field.checked = false;
      else if (field.tagName === "SELECT") {
        field.selectedIndex = field.multiple ? -1 : 0;
        const usual = [...field.options].findIndex((option) => option.value === "unknown");
        if (!field.multiple && field.options[0].value !== "" && usual >= 0) field.selectedIndex = usual;
      } else field.value = "";
    });
    copy.querySelectorAll(".field-error, .field-remove").forEach((part) => part.remove());
    copy.querySelectorAll(".field-bad").forEach((part) => part.classList.remove("field-bad"));
    last.after(copy);
    total.value = String(number + 1);
    const first = copy.querySelector("input:not([type=hidden]), select, textarea");
    if (first) first.focus();
  });

  function prepare(root) {
    root.querySelectorAll("[data-add-row]").forEach((button) => (button.hidden = false));
    root.querySelectorAll("[data-use-my-place]").forEach((button) => {
      button.hidden = !("geolocation" in navigator);
    });
    root.querySelectorAll("form[data-log]").forEach((form) => {
      const field = form.querySelector("[name=opened_at]");
      if (field && !openedAt) openedAt = new Date(field.value);
      if (openedAt && Number.isNaN(openedAt.getTime())) openedAt = null;
      count(form);
      const what = form.querySelector(".log-what");
      if (what && what.querySelector("input:checked")) fold(form, true);
    });
  }
  document.addEventListener("ceasefire:fresh", (event) => prepare(event.target));
  prepare(document);
})();
