// Photos are made smaller on the device before they are sent: quicker on a slow line, and what the
// camera wrote into the file (place, time, phone) never leaves it. Where the browser cannot, the file
// goes as it is and the server does the same. Nothing is stored on the device.
(() => {
  "use strict";
  const SIDE = 1600;
  const QUALITY = 0.85;
  const working = new Map(); // input -> promise
  let chosen = []; // kept over a refused caption, so that photos need not be chosen again

  const box = (input) => input.form && input.form.querySelector("[data-photos-said]");

  function say(input, word) {
    const line = box(input);
    if (line) line.textContent = word ? line.dataset[word] : "";
  }

  // A JPEG of the bare pixels, upright, or the file itself where the browser cannot read it.
  async function smaller(file) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(bitmap.width * scale));
      canvas.height = Math.max(1, Math.round(bitmap.height * scale));
      const brush = canvas.getContext("2d");
      brush.fillStyle = "#fff";
      brush.fillRect(0, 0, canvas.width, canvas.height);
      brush.imageSmoothingQuality = "high";
      brush.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
      return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
    } catch {
      return file;
    } finally {
      if (bitmap) bitmap.close();
    }
  }

  function put(input, files) {
    const transfer = new DataTransfer();
    files.forEach((file) => transfer.items.add(file));
    input.files = transfer.files;
  }

  async function prepare(input) {
    const files = [...input.files];
    if (!files.length) {
      say(input, "");
      return;
    }
    say(input, "working");
    const ready = [];
    // One after the other: a phone has little memory.
    for (const file of files) ready.push(await smaller(file));
    if (input.files.length !== files.length || files.some((file, at) => input.files[at] !== file)) return;
    put(input, ready);
    chosen = ready;
    say(input, ready.every((file, at) => file !== files[at]) ? "ready" : "asIs");
  }

  document.addEventListener("change", (event) => {
    if (!event.target.matches("input[data-photos]")) return;
    const input = event.target;
    const work = prepare(input).finally(() => {
      if (working.get(input) === work) working.delete(input);
    });
    working.set(input, work);
  });

  // Before unsent.js: wait until the photos are smaller, and do not begin what cannot end well.
  document.addEventListener(
    "submit",
    (event) => {
      const input = event.target.querySelector("input[data-photos]");
      if (!input) return;
      const hold = () => {
        event.preventDefault();
        event.stopImmediatePropagation();
      };
      const work = working.get(input);
      if (work) {
        hold();
        work.then(() => event.target.requestSubmit(event.submitter));
        return;
      }
      const line = box(input);
      if (!line) return;
      const together = [...input.files].reduce((sum, file) => sum + file.size, 0);
      const word = input.files.length > Number(line.dataset.most) ? "tooMany" : together > Number(line.dataset.limit) ? "tooLarge" : "";
      if (word) {
        hold();
        say(input, word);
        input.focus();
      }
    },
    true,
  );

  // The page came again because of the words beside the photos: they are still chosen.
  document.addEventListener("ceasefire:fresh", (event) => {
    const input = event.target.querySelector("input[data-photos]");
    if (!input || !chosen.length || input.classList.contains("is-invalid") || input.closest(".field-bad")) {
      chosen = [];
      return;
    }
    if (!input.form.querySelector(".field-bad")) return;
    put(input, chosen);
    say(input, "asIs");
  });
})();
