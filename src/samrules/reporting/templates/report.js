
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("index").textContent);
  const NUMBER = 0, NAME = 1, ID = 2, KEY = 3, OUTCOME = 4, SETTLED = 5, BEFORE = 6, MOVED = 7, BRIEF = 8, SCORE = 9, SIZE = 10, RANK = 11, AMOUNT = 12, OVERRIDDEN = 13, ALSO = 14;
  const STEP = data.step, PRINTED = 500;
  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const counted = (n) => n.toLocaleString("en") + (n === 1 ? " account" : " accounts");
  let texts = null, found = data.rows, shown = Math.min(STEP, found.length), opener = null;

  // --- the list ---

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const svg = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const mark = (key) => {
    const drawn = svg("svg", { class: "key", viewBox: "-8 -8 16 16", "aria-hidden": "true", focusable: "false" });
    drawn.append(svg("path", { class: "k" + (key % data.marks.length), d: "M0 0" + data.marks[key % data.marks.length] }));
    return drawn;
  };

  const row = (r) => {
    const line = element("tr"), who = element("th"), link = element("a", r[NAME]);
    who.scope = "row";
    link.href = "#account-" + r[NUMBER];
    who.append(link);
    if (r[ID]) who.append(" ", element("span", r[ID], "id"));
    const outcome = element("td", "", "outcome");
    outcome.append(mark(r[KEY]), "\u00a0" + r[OUTCOME]);
    if (r[MOVED]) outcome.append(" ", element("span", "was " + r[BEFORE], "was"));
    if (r[OVERRIDDEN]) outcome.append(" ", element("span", "overridden: " + r[OVERRIDDEN], "was"));
    line.append(who, outcome, element("td", r[BRIEF], "why"));
    for (const [label, text] of [[data.score, r[SCORE]], [data.size, r[SIZE]]]) {
      if (!label) continue;
      const cell = element("td", text, "num");
      cell.dataset.label = label;
      line.append(cell);
    }
    return line;
  };

  const draw = () => {
    byId("list").tBodies[0].replaceChildren(...found.slice(0, shown).map(row));
    after();
  };
  const after = () => {
    const rest = found.length - shown;
    byId("found").textContent = counted(found.length) + (found.length < data.rows.length ? " of " + data.rows.length.toLocaleString("en") : "") + (rest > 0 ? ", the first " + shown.toLocaleString("en") + " listed" : "");
    byId("more").hidden = rest <= 0;
    byId("more").textContent = "Show " + Math.min(STEP, rest).toLocaleString("en") + " more";
    byId("print-all").disabled = !found.length || found.length > PRINTED;
    byId("print-all").textContent = found.length > PRINTED ? "Up to " + PRINTED + " accounts can be printed at once: filter the list" : "Print the parts of these " + counted(found.length);
  };

  const find = () => {
    texts = texts || data.rows.map((r) => plain([r[NAME], r[ID], r[OUTCOME], r[BEFORE], r[BRIEF], r[OVERRIDDEN], r[ALSO]].join("\n")));
    const words = plain(byId("text").value).split(/\s+/).filter(Boolean);
    const key = byId("outcome").value, which = byId("which").value, order = byId("order").value;
    found = data.rows.filter((r, at) =>
      (key === "" || r[KEY] === Number(key)) && (which !== "moved" || r[MOVED]) && (which !== "open" || !r[SETTLED]) && words.every((w) => texts[at].includes(w)));
    const column = { score: RANK, size: AMOUNT }[order];
    if (order === "name") found.sort((a, b) => a[NAME].localeCompare(b[NAME], "en", { numeric: true }));
    else if (column) found.sort((a, b) => (b[column] ?? -Infinity) - (a[column] ?? -Infinity) || a[NUMBER] - b[NUMBER]);
    shown = Math.min(STEP, found.length);
    draw();
  };

  // --- the part of an account ---

  const blocks = [...document.querySelectorAll("script.packed")];
  const unpacked = new Map();
  const unpack = (block) => {
    if (!unpacked.has(block)) {
      unpacked.set(block, (async () => {
        const bytes = Uint8Array.from(atob(block.textContent), (c) => c.charCodeAt(0));
        return JSON.parse(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text());
      })());
    }
    return unpacked.get(block);
  };
  const article = async (number) => {
    let one = byId("account-" + number);
    if (one) return one;
    const block = blocks.filter((b) => Number(b.dataset.first) <= number).at(-1);
    const parts = await unpack(block);
    one = byId("account-" + number);
    if (one) return one;
    const holder = document.createElement("template");
    holder.innerHTML = parts[number - Number(block.dataset.first)];  // made by the report, every value in it escaped
    one = holder.content.firstElementChild;
    one.hidden = true;
    byId("pages").append(one);
    return one;
  };
  const numbers = new Set(data.rows.map((r) => r[NUMBER]));
  const title = document.title;
  let open = null, scrolled = 0;

  const route = async () => {
    const asked = /^#account-(\d+)$/.exec(location.hash);
    const number = asked ? Number(asked[1]) : 0;
    if (!numbers.has(number)) return close();
    if (!open) scrolled = window.scrollY;
    let one;
    try {
      one = await article(number);
    } catch (problem) {
      byId("found").textContent = "This browser cannot open the parts of accounts; a browser of 2023 or later can.";
      return close();
    }
    if (location.hash !== "#account-" + number) return undefined;
    if (open && open !== one) hide(open);
    open = one;
    one.hidden = false;
    byId("overview").hidden = true;
    byId("bar").hidden = false;
    document.body.classList.add("one");
    const at = found.findIndex((r) => r[NUMBER] === number);
    for (const [id, to] of [["previous", found[at - 1]], ["next", at < 0 ? undefined : found[at + 1]]]) {
      byId(id).hidden = !to;
      if (to) byId(id).href = "#account-" + to[NUMBER];
      if (to) byId(id).textContent = (id === "next" ? "Next: " : "Previous: ") + to[NAME];
    }
    const heading = one.querySelector("h2");
    document.title = heading.textContent + " – " + title;
    window.scrollTo(0, 0);
    heading.focus({ preventScroll: true });
    return undefined;
  };
  const hide = (one) => {
    one.hidden = true;
    if (blocks.length) one.remove();
  };
  const close = () => {
    if (!open) return;
    const number = open.id.slice("account-".length);
    hide(open);
    open = null;
    byId("overview").hidden = false;
    byId("bar").hidden = true;
    document.body.classList.remove("one");
    document.title = title;
    const link = opener && opener.isConnected ? opener : document.querySelector('#list a[href="#account-' + number + '"]');
    if (location.hash === "#accounts" || location.hash === "") {
      window.scrollTo(0, scrolled);
      (link || byId("accounts")).focus({ preventScroll: true });
    }
  };

  const printAll = async () => {
    const listed = await Promise.all(found.map((r) => article(r[NUMBER])));
    byId("pages").prepend(...listed);
    for (const one of listed) one.hidden = false;
    document.body.classList.add("many");
    addEventListener("afterprint", () => {
      document.body.classList.remove("many");
      listed.forEach(hide);
    }, { once: true });
    print();
  };

  for (const one of document.querySelectorAll("article")) one.hidden = true;
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#account-"]');
    if (link && byId("overview").contains(link)) opener = link;
  });
  byId("find").reset();
  byId("find").hidden = false;
  byId("after-list").hidden = false;
  byId("find").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["outcome", "which", "order"]) byId(id).addEventListener("change", find);
  let waiting = 0;
  byId("text").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, 120);
  });
  byId("more").addEventListener("click", () => {
    const first = shown;
    shown = Math.min(shown + STEP, found.length);
    byId("list").tBodies[0].append(...found.slice(first, shown).map(row));
    after();
    byId("list").tBodies[0].rows[first].querySelector("a").focus();
  });
  byId("print").addEventListener("click", () => print());
  byId("print-all").addEventListener("click", printAll);
  addEventListener("hashchange", route);
  after();
  route();
})();
