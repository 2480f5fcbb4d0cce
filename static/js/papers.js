// A paper is sent piece by piece before its form is: a cut line costs one piece, not the file. Each
// piece goes with its hash; begun again within two days, the same file goes on where it was cut.
// Where the browser cannot do this, or scripts are off, the form carries the file itself.
(() => {
  "use strict";
  const FIRST_WAIT = 1000;
  const LONGEST_WAIT = 30000;
  const PATIENCE = 60000;
  const form = document.querySelector("form[data-paper-form]");
  if (!form || !window.crypto || !crypto.subtle || !window.fetch) return;
  const input = form.querySelector("input[data-paper]");
  const said = form.querySelector("[data-paper-said]");
  const text = said.querySelector("[data-paper-text]");
  const bar = said.querySelector("progress");
  const goOn = said.querySelector("[data-paper-go]");
  const stop = said.querySelector("[data-paper-stop]");
  let working = null; // the file that is being sent
  let wake = () => {};

  class Refused extends Error {}
  class Stopped extends Error {}
  class Again extends Error {}

  const hex = (buffer) => [...new Uint8Array(buffer)].map((octet) => octet.toString(16).padStart(2, "0")).join("");
  const hashOf = async (buffer) => hex(await crypto.subtle.digest("SHA-256", buffer));

  function say(word, percent) {
    said.hidden = false;
    text.textContent = (said.dataset[word] || word).replace("{percent}", percent);
    if (percent !== undefined) bar.value = percent;
    goOn.hidden = word !== "signedOut";
  }

  const pause = (wait) =>
    new Promise((done) => {
      const timer = wait ? setTimeout(done, wait * (0.75 + Math.random() / 2)) : 0;
      wake = () => {
        clearTimeout(timer);
        done();
      };
    });
  window.addEventListener("online", () => wake());
  goOn.addEventListener("click", () => wake());
  stop.addEventListener("click", () => {
    working = null;
    wake();
  });

  // After a new sign-in the old token is no longer good.
  async function freshToken() {
    const answer = await fetch(document.body.dataset.tokenUrl, { credentials: "same-origin", headers: { Accept: "application/json" }, redirect: "manual" });
    if (!answer.ok) return answer.type !== "opaqueredirect" && answer.status >= 500;
    const { token, signed_in: signedIn } = await answer.json();
    if (signedIn === false) return false;
    document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((field) => (field.value = token));
    return true;
  }

  async function once(url, body, type) {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE);
    try {
      return await fetch(url, {
        method: "POST",
        body,
        credentials: "same-origin",
        redirect: "manual",
        signal: patience.signal,
        headers: { "Content-Type": type, "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      });
    } finally {
      clearTimeout(timer);
    }
  }

  // Send until it is taken: waits out a cut line, a busy server and a sign-out.
  async function send(file, url, body, type) {
    let wait = FIRST_WAIT;
    let asked = false;
    for (;;) {
      if (working !== file) throw new Stopped();
      let answer = null;
      try {
        answer = await once(url, body, type);
      } catch {
        answer = null;
      }
      if (answer && answer.ok) return answer.json();
      if (answer && (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403)) {
        let signedIn = false;
        try {
          signedIn = await freshToken();
        } catch {
          signedIn = false;
        }
        if (signedIn && !asked) {
          asked = true;
          continue;
        }
        say(signedIn ? "failed" : "signedOut");
        if (signedIn) throw new Refused(said.dataset.failed);
        await pause(0);
        asked = false;
        continue;
      }
      if (answer && answer.status === 410) throw new Again();
      if (answer && answer.status !== 409 && answer.status !== 429 && answer.status < 500) {
        let words = said.dataset.failed;
        try {
          words = (await answer.json()).error || words;
        } catch {
          // The words of our own do.
        }
        throw new Refused(words);
      }
      say("waiting");
      await pause(wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
  }

  async function sendAll(file) {
    const size = 1048576;
    const ends = [file.slice(0, size), file.slice(Math.max(file.size - size, 0))];
    const hashes = [];
    for (const end of ends) hashes.push(await hashOf(await end.arrayBuffer()));
    const asked = JSON.stringify({ name: file.name, size: file.size, fingerprint: hashes.join("/") });
    const begun = await send(file, form.dataset.begin, asked, "application/json");
    const here = new Set(begun.received);
    const all = Math.ceil(file.size / begun.piece);
    let together = "";
    for (let number = 0; number < all; number += 1) {
      const offset = number * begun.piece;
      const piece = await file.slice(offset, offset + begun.piece).arrayBuffer();
      const digest = await hashOf(piece);
      together += digest;
      if (!here.has(number)) {
        await send(file, `${begun.url}${number}/?offset=${offset}&sha256=${digest}`, piece, "application/octet-stream");
      }
      say("sending", Math.floor(((number + 1) * 100) / all));
      if (working !== file) throw new Stopped();
    }
    form.elements.upload.value = begun.id;
    form.elements.pieces_sha256.value = await hashOf(new TextEncoder().encode(together));
  }

  async function run(file, button) {
    working = file;
    button.disabled = true;
    stop.hidden = false;
    say("begin", 0);
    try {
      for (let turn = 0; ; turn += 1) {
        try {
          await sendAll(file);
          break;
        } catch (error) {
          // It was forgotten meanwhile: once from the beginning.
          if (!(error instanceof Again) || turn) throw error;
        }
      }
      input.value = "";
      working = null;
      button.disabled = false;
      stop.hidden = true;
      form.requestSubmit(button);
    } catch (error) {
      button.disabled = false;
      stop.hidden = true;
      say(error instanceof Stopped ? "stopped" : error instanceof Refused ? error.message : "failed");
      if (!(error instanceof Stopped)) input.focus();
    } finally {
      working = null;
    }
  }

  document.addEventListener(
    "submit",
    (event) => {
      if (event.target !== form) return;
      const file = input.files[0];
      if (working || file) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      if (!working && file && file.size) run(file, event.submitter || form.querySelector("[type=submit]"));
      else if (!working && file) say("failed");
    },
    true,
  );

  // Another file takes the place of the one that was sent before.
  input.addEventListener("change", () => {
    form.elements.upload.value = "";
    form.elements.pieces_sha256.value = "";
    const here = form.querySelector("[data-paper-here]");
    if (here) here.hidden = true;
    said.hidden = true;
  });
})();
