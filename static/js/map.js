// The map over the page's own numbers: shaded areas from the table's data, points by part of the
// map. The table works without it; whatever is chosen here is said beside it in words.
(() => {
  "use strict";

  const frame = document.querySelector("[data-map]");
  if (!frame || !window.L) return;
  const L = window.L;
  const facts = frame.dataset;
  const panel = document.getElementById("map-panel");
  const form = document.querySelector("form[data-filters]");
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const rtl = document.documentElement.dir === "rtl";
  const arabic = facts.digits === "arabic";
  const CELL = 60; // pixels between marks at least, so that each can be hit

  const read = () => JSON.parse(document.getElementById("map-data").dataset.json);
  let data = read();
  let chosen = "";

  // --- the map itself ------------------------------------------------------------------------
  frame.hidden = false;
  document.documentElement.classList.add("has-map");
  const map = L.map("map", {
    zoomControl: false,
    attributionControl: Boolean(facts.tiles),
    minZoom: 5,
    maxZoom: 17,
    zoomSnap: 0.25,
    zoomDelta: 0.75,
    scrollWheelZoom: false,
    zoomAnimation: !still,
    fadeAnimation: !still,
    markerZoomAnimation: !still,
    inertia: !still,
  });
  L.control
    .zoom({
      position: rtl ? "topright" : "topleft",
      zoomInTitle: facts.zoomIn,
      zoomOutTitle: facts.zoomOut,
    })
    .addTo(map);
  // The wheel belongs to the page until somebody works in the map.
  map.on("focus click", () => map.scrollWheelZoom.enable());
  map.on("blur", () => map.scrollWheelZoom.disable());
  if (facts.tiles) {
    map.attributionControl.setPrefix(false);
    const words = document.createElement("bdi");
    words.textContent = facts.tileCredit;
    L.tileLayer(facts.tiles, { attribution: words.outerHTML, referrerPolicy: "origin" }).addTo(map);
  }

  // --- boundaries ----------------------------------------------------------------------------
  const areas = new Map(); // P-code -> its layer
  const districts = new Map();
  const middles = new Map(); // P-code -> where its number stands
  const numbers = L.layerGroup().addTo(map);
  const marks = L.layerGroup().addTo(map);

  const corners = (ring) => {
    const found = [];
    let x = 0;
    let y = 0;
    for (let at = 0; at < ring.length; at += 2) {
      x += ring[at];
      y += ring[at + 1];
      found.push([y / 10000, x / 10000]);
    }
    return found;
  };

  function draw(part) {
    for (const [pcode, polygons] of Object.entries(part.areas)) {
      const rings = polygons.map((polygon) => polygon.map(corners));
      const layer = L.polygon(rings, { className: "map-area", bubblingMouseEvents: false });
      layer.on("click", () => data.areas[pcode] && choose(pcode));
      layer.bindTooltip(() => said(pcode), { sticky: true, direction: "top" });
      layer.addTo(map);
      areas.set(pcode, layer);
    }
    for (const [pcode, rings] of Object.entries(part.districts)) {
      const layer = L.polygon(
        rings.map((ring) => [corners(ring)]),
        { className: "map-district", interactive: false },
      );
      layer.addTo(map);
      districts.set(pcode, layer);
    }
    L.polyline(
      part.edge.map((ring) => [...corners(ring), corners(ring)[0]]),
      { className: "map-edge", interactive: false },
    ).addTo(map);
    for (const [pcode, [lon, lat]] of Object.entries(part.at)) middles.set(pcode, [lat, lon]);
  }

  function said(pcode) {
    const words = document.createElement("bdi");
    words.textContent = data.areas[pcode] ? data.areas[pcode].say : pcode;
    return words;
  }

  function shade() {
    for (const [pcode, layer] of areas) {
      const what = data.areas[pcode];
      const path = layer.getElement();
      if (!path) continue;
      path.setAttribute(
        "class",
        `leaflet-interactive map-area shade-${what ? what.shade : "outside"}` +
          (pcode === chosen ? " is-chosen" : ""),
      );
    }
    for (const [pcode, layer] of districts) {
      const path = layer.getElement();
      if (!path) continue;
      path.setAttribute(
        "class",
        "map-district" +
          (data.areas[pcode] ? " is-coarse" : "") +
          (pcode === chosen ? " is-chosen" : ""),
      );
    }
    number();
  }

  // A number stands in its area only where there is room for it.
  function number() {
    numbers.clearLayers();
    for (const [pcode, layer] of areas) {
      const what = data.areas[pcode];
      if (!what || !what.text) continue;
      const box = layer.getBounds();
      const first = map.latLngToContainerPoint(box.getNorthWest());
      const last = map.latLngToContainerPoint(box.getSouthEast());
      if (last.x - first.x < 12 + 9 * what.text.length || last.y - first.y < 22) continue;
      const text = document.createElement("span");
      text.textContent = what.text;
      L.marker(middles.get(pcode), {
        icon: L.divIcon({ className: `map-number on-${what.shade}`, html: text, iconSize: null }),
        interactive: false,
        keyboard: false,
      }).addTo(numbers);
    }
  }

  // --- points --------------------------------------------------------------------------------
  let asked = null;

  async function point() {
    const box = document.querySelector("[data-points]");
    if (!facts.marks || !box || !box.checked) {
      marks.clearLayers();
      return;
    }
    if (asked) asked.abort();
    asked = new AbortController();
    const seen = map.getBounds();
    const wide = (seen.getEast() - seen.getWest()) / map.getSize().x;
    const grid = Math.floor(-Math.log2(wide * CELL));
    const at = [seen.getWest(), seen.getSouth(), seen.getEast(), seen.getNorth()];
    const query = `${data.query}&grid=${grid}&box=${at.map((one) => one.toFixed(5)).join(",")}`;
    try {
      const answer = await fetch(`${facts.marks}?${query}`, {
        signal: asked.signal,
        headers: { Accept: "application/json" },
      });
      if (!answer.ok) throw new Error(String(answer.status));
      show((await answer.json()).marks);
    } catch (fault) {
      if (fault.name !== "AbortError") say(facts.failed);
    }
  }

  function show(found) {
    // Where the keyboard stands on a mark that is drawn anew, it stays there.
    const held = document.activeElement && document.activeElement.dataset.cell;
    marks.clearLayers();
    for (const [lat, lon, cell, text, size, firmness, words] of found) {
      const body = document.createElement("span");
      body.textContent = text;
      const mark = L.marker([lat, lon], {
        icon: L.divIcon({
          className: `map-mark mark-${firmness} mark-${size}`,
          html: body,
          iconSize: null,
        }),
        riseOnHover: true,
      });
      mark.on("click", () => look(`cell=${cell}`, words, ""));
      mark.addTo(marks);
      const drawn = mark.getElement();
      drawn.dataset.cell = cell;
      drawn.setAttribute("aria-label", words);
      drawn.title = words;
      drawn.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        look(`cell=${cell}`, words, "");
      });
      if (held === cell) drawn.focus({ preventScroll: true });
    }
  }

  // --- choosing ------------------------------------------------------------------------------
  function say(words) {
    const line = document.createElement("p");
    line.textContent = words;
    panel.replaceChildren(line);
  }

  function choose(pcode) {
    const what = data.areas[pcode];
    look(`area=${encodeURIComponent(pcode)}`, what ? what.say : pcode, pcode);
    const layer = areas.get(pcode) || districts.get(pcode);
    if (layer && !map.getBounds().contains(layer.getBounds())) {
      map.fitBounds(layer.getBounds().pad(0.3), { animate: !still });
    }
  }

  let turn = 0;

  async function look(what, words, pcode) {
    chosen = pcode;
    shade();
    mark();
    say(`${facts.chosen}: ${words}`);
    const mine = ++turn;
    try {
      const answer = await fetch(`${facts.records}?${data.query}&${what}`, {
        headers: { Accept: "text/html" },
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine === turn) panel.replaceChildren(...page.body.childNodes);
    } catch {
      if (mine === turn) say(facts.failed);
    }
  }

  // The row of the table that is chosen on the map.
  function mark() {
    document.querySelectorAll("[data-choose]").forEach((link) => {
      const is = link.dataset.choose === chosen;
      if (is) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-choose]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    choose(link.dataset.choose);
  });

  // --- weeks ---------------------------------------------------------------------------------
  const DAY = 86400000;
  const since = frame.querySelector("[data-week=since]");
  const until = frame.querySelector("[data-week=until]");
  const span = frame.querySelector("[data-span]");
  const days = new Intl.DateTimeFormat(
    document.documentElement.lang === "ar" ? `ar-IQ-u-nu-${arabic ? "arab" : "latn"}` : "en-GB",
    { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" },
  );
  const first = () => Date.parse(`${data.weeks.first}T00:00Z`);
  const start = (at) => new Date(first() + at * 7 * DAY);
  const end = (at) => new Date(first() + (at * 7 + 6) * DAY);
  // As the server understood it, whatever the digits and the form it was typed in.
  const typed = (name) => (data.weeks[name] ? Date.parse(`${data.weeks[name]}T00:00Z`) : null);
  const written = (day) =>
    [day.getUTCDate(), day.getUTCMonth() + 1, day.getUTCFullYear()]
      .map((part) => String(part).padStart(2, "0"))
      .join("/");

  function tell() {
    const parts = [days.format(start(Number(since.value))), days.format(end(Number(until.value)))];
    since.setAttribute("aria-valuetext", parts[0]);
    until.setAttribute("aria-valuetext", parts[1]);
    span.textContent = parts.join(" – ");
  }

  function setWeeks() {
    const most = data.weeks.count - 1;
    const index = (day, otherwise) =>
      day === null
        ? otherwise
        : Math.max(0, Math.min(most, Math.floor((day - first()) / (7 * DAY))));
    moved.clear();
    since.max = until.max = String(most);
    since.value = String(index(typed("since"), 0));
    until.value = String(index(typed("until"), most));
    tell();
  }

  // The ends that were moved since the last answer; what was typed at the other stays as it is.
  const moved = new Set();
  for (const slider of [since, until]) {
    slider.addEventListener("input", () => {
      moved.add(slider);
      // One end pushes the other.
      if (Number(since.value) > Number(until.value)) {
        const other = slider === since ? until : since;
        other.value = slider.value;
        moved.add(other);
      }
      tell();
    });
    slider.addEventListener("change", () => {
      if (moved.has(since)) form.elements.since.value = written(start(Number(since.value)));
      if (moved.has(until)) form.elements.until.value = written(end(Number(until.value)));
      form.elements.until.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  // --- together ------------------------------------------------------------------------------
  map.on("moveend", () => {
    number();
    point();
  });
  const toggle = document.querySelector("[data-points]");
  if (toggle) toggle.addEventListener("change", point);
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "results" && !event.target.querySelector("#map-data")) return;
    data = read();
    chosen = "";
    shade();
    setWeeks();
    point();
  });

  setWeeks();
  // One request, be it for one governorate or for several.
  (facts.outlines ? fetch(facts.outlines).then((answer) => answer.json()) : Promise.resolve([]))
    .then((found) => {
      const parts = [].concat(found);
      map.setView([33, 44], 6, { animate: false });
      parts.forEach(draw);
      // Of what is counted and of the sites, not of the whole governorate.
      const own = [...areas].filter(([pcode]) => data.areas[pcode]).map(([, layer]) => layer);
      const shown = own.length ? own : [...areas.values()];
      if (shown.length) map.fitBounds(L.featureGroup(shown).getBounds(), { animate: false });
      shade();
    })
    .catch(() => {
      frame.hidden = true;
      document.documentElement.classList.remove("has-map");
      say(facts.failed);
    });
})();
