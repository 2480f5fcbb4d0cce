// A form marked data-keep that cannot be sent keeps what was typed, says so, and tries again by
// itself. It goes on after signing in again in another tab. Nothing is stored on the device: what
// was typed lives in the page alone. The form's own key makes a second arrival harmless.
(() => {
  "use strict";
  const FIRST_WAIT = 2000;
  const LONGEST_WAIT = 60000;
  const PATIENCE = 30000;
  const waiting = new Map(); // form -> {timer, wait, busy, button}

  const parts = (form) => {
    const box = form.querySelector("[data-unsent]");
    return {
      box,
      text: box && box.querySelector("[data-unsent-text]"),
      signIn: box && box.querySelector("[data-unsent-sign-in]"),
    };
  };

  function say(form, word) {
    const { box, text, signIn } = parts(form);
    if (!box) return;
    box.hidden = !word;
    if (!word) return;
    text.textContent = text.dataset[word];
    if (signIn) signIn.hidden = word !== "signedOut";
  }

  function later(form) {
    const state = waiting.get(form);
    clearTimeout(state.timer);
    const spread = 0.75 + Math.random() / 2;
    state.timer = setTimeout(() => send(form), state.wait * spread);
    state.wait = Math.min(state.wait * 2, LONGEST_WAIT);
  }

  function done(form) {
    const state = waiting.get(form);
    if (state) clearTimeout(state.timer);
    waiting.delete(form);
    form.removeAttribute("aria-busy");
  }

  const isSignIn = (url) => {
    const link = document.querySelector("[data-unsent-sign-in]");
    return Boolean(link) && new URL(url, location.href).pathname === new URL(link.href).pathname;
  };

  // Ask for a fresh token: after a new sign-in the old one is no longer good.
  async function freshToken(form) {
    const url = form.dataset.tokenUrl || document.body.dataset.tokenUrl;
    if (!url) return "unknown";
    const answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" }, redirect: "manual" });
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return "signedOut";
    if (!answer.ok) return "unknown";
    const { token, signed_in: signedIn } = await answer.json();
    if (signedIn === false) return "signedOut";
    document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((field) => (field.value = token));
    if (document.body.hasAttribute("hx-headers")) {
      document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    }
    return "signedIn";
  }

  function replaceWith(form, html, url) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const content = fresh.getElementById("content");
    const here = document.getElementById("content");
    if (!content || !here) return false;
    here.replaceWith(content);
    document.title = fresh.title;
    if (url) history.replaceState(null, "", url);
    if (window.htmx) window.htmx.process(content);
    content.dispatchEvent(new CustomEvent("ceasefire:fresh", { bubbles: true }));
    if (window.ceasefire) window.ceasefire.prepare(content);
    return true;
  }

  async function send(form) {
    const state = waiting.get(form);
    if (!state || state.busy) return;
    if (!form.isConnected) {
      done(form);
      return;
    }
    state.busy = true;
    form.setAttribute("aria-busy", "true");
    if (state.tries > 0) say(form, "sending");
    state.tries += 1;
    const data = new FormData(form);
    if (state.name) data.append(state.name, state.value);
    const stop = new AbortController();
    const patience = setTimeout(() => stop.abort(), Number(form.dataset.patience) || PATIENCE);
    try {
      if (state.signedOut) {
        if ((await freshToken(form)) !== "signedIn") {
          say(form, "signedOut");
          later(form);
          return;
        }
        state.signedOut = false;
        const token = form.querySelector("[name=csrfmiddlewaretoken]");
        if (token) data.set("csrfmiddlewaretoken", token.value);
      }
      // The attribute, not `form.action`, which a field of that name would hide.
      const answer = await fetch(form.getAttribute("action") || location.href, {
        method: "POST",
        body: data,
        credentials: "same-origin",
        headers: { "X-Requested-With": "fetch" },
        signal: stop.signal,
      });
      if (answer.redirected && isSignIn(answer.url)) {
        state.signedOut = true;
        say(form, "signedOut");
        later(form);
      } else if (answer.redirected) {
        done(form);
        location.assign(answer.url);
      } else if (answer.status === 403) {
        // Signed out, another token, or not allowed: only a fresh token tells which.
        if (state.refreshed) {
          say(form, "refused");
          done(form);
          return;
        }
        state.refreshed = true;
        state.signedOut = (await freshToken(form)) === "signedOut";
        if (state.signedOut) {
          state.refreshed = false;
          say(form, "signedOut");
        }
        later(form);
      } else if (answer.status >= 500 || answer.status === 429 || answer.status === 408) {
        say(form, "waiting");
        later(form);
      } else {
        const html = await answer.text();
        done(form);
        // A page without the form (a record that is gone, say) would take what was typed away.
        const keeps = answer.ok || html.includes("data-keep");
        if (!keeps || !replaceWith(form, html, "")) say(form, "refused");
      }
    } catch {
      say(form, "waiting");
      later(form);
    } finally {
      clearTimeout(patience);
      state.busy = false;
      if (waiting.has(form)) form.removeAttribute("aria-busy");
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-keep]") || event.defaultPrevented) return;
    event.preventDefault();
    const state = waiting.get(form);
    const button = event.submitter;
    if (state) {
      // Who pressed another button meanwhile means that one.
      if (button) [state.name, state.value] = [button.name, button.value];
      state.wait = FIRST_WAIT;
      send(form);
      return;
    }
    waiting.set(form, {
      timer: 0,
      wait: FIRST_WAIT,
      tries: 0,
      busy: false,
      name: button ? button.name : "",
      value: button ? button.value : "",
    });
    send(form);
  });

  document.addEventListener("click", (event) => {
    const again = event.target.closest("[data-unsent-again]");
    if (!again) return;
    const form = again.closest("form");
    if (waiting.has(form)) send(form);
    else if (form) form.requestSubmit();
  });

  const everything = () => waiting.forEach((state, form) => send(form));
  window.addEventListener("online", everything);
  window.addEventListener("focus", everything);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) everything();
  });
  window.addEventListener("beforeunload", (event) => {
    if (waiting.size && document.querySelector("[data-leave-url]")) event.preventDefault();
  });
})();
