"use strict";
// The page is built from the JSON beside this script. Text reaches it as text only, never as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const STATUSES = ["bound", "degraded", "refused"];
const ROW = 34;
const byId = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en").format;

function make(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

// A row of the data: see `_row` in report_html.py.
const items = data.items.map((row) => {
  const [pack, python, mochi, kind, status, reason, origin, signature, declaration, place, losses, notes, probe] = row;
  return {
    pack, python, mochi, kind: data.kinds[kind], status: STATUSES[status], reason: data.reasons[reason],
    origin: data.origins[origin], signature, declaration, place, losses, notes, probe,
  };
});
const texts = items.map((item) =>
  [item.python, item.mochi, item.signature, item.declaration, item.reason, ...item.losses.flat()].join("\n").toLowerCase());

const shown = { statuses: new Set(STATUSES), rows: [], at: -1 };

// --- overview ---

function bar(counts) {
  const node = make("div", undefined, "bar");
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", STATUSES.map((status) => `${counts[status]} ${status}`).join(", "));
  for (const status of STATUSES) {
    if (!counts[status]) continue;
    const part = make("i", undefined, status);
    part.style.flex = `${counts[status]} 0 0`;
    node.append(part);
  }
  return node;
}

function overview(name, version, types, counts) {
  const row = make("tr");
  const share = (n) => `${number(n)} (${((100 * n) / Math.max(counts.public, 1)).toFixed(1)} %)`;
  for (const text of [name, version, types, number(counts.public)]) row.append(make("td", text));
  const cell = make("td", undefined, "share");
  cell.append(bar(counts));
  row.append(cell);
  for (const status of STATUSES) row.append(make("td", share(counts[status])));
  return row;
}

function drawOverview() {
  const total = { public: 0, bound: 0, degraded: 0, refused: 0 };
  data.packages.forEach((each, index) => {
    const row = overview(each.alias, each.version, each.tier, each.counts);
    row.tabIndex = 0;
    const choose = () => {
      byId("package").value = byId("package").value === String(index) ? "" : String(index);
      update();
    };
    row.addEventListener("click", choose);
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(); });
    byId("packages").append(row);
    for (const key of Object.keys(total)) total[key] += each.counts[key];
  });
  const many = data.packages.length > 1;
  if (many) byId("total").append(overview(`${data.packages.length} packages`, "", "", total));
  byId("lead").textContent =
    `${number(total.public)} public callables, ${number(total.bound + total.degraded)} of them bound, ` +
    `${number(total.degraded)} of those with a loss.`;
}

// --- filters ---

function options(id, all, values) {
  const select = byId(id);
  select.append(new Option(all, ""));
  for (const [value, text] of values) select.append(new Option(text, value));
  select.addEventListener("change", update);
}

function tally(values) {
  const counts = new Map();
  for (const value of values) if (value) counts.set(value, (counts.get(value) || 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([value, n]) => [value, `${value} (${number(n)})`]);
}

function drawFilters() {
  options("package", "All packages", data.packages.map((each, index) => [String(index), each.alias]));
  options("kind", "All kinds", tally(items.map((item) => item.kind)));
  options("reason", "All reasons", tally(items.map((item) => item.reason)));
  options("note", "All notes", tally(items.flatMap((item) => [...new Set(item.notes.map((note) => note[0]))])));
  for (const status of STATUSES) {
    const button = make("button", undefined, `status ${status}`);
    button.type = "button";
    button.dataset.status = status;
    button.append(make("span", undefined, "dot"), make("span", status));
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      if (!shown.statuses.delete(status)) shown.statuses.add(status);
      button.setAttribute("aria-pressed", String(shown.statuses.has(status)));
      update();
    });
    byId("statuses").append(button);
  }
  byId("search").addEventListener("input", update);
  byId("own").addEventListener("change", update);
}

function update() {
  const words = byId("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const pack = byId("package").value, kind = byId("kind").value, reason = byId("reason").value;
  const note = byId("note").value, own = byId("own").checked;
  shown.rows = [];
  items.forEach((item, index) => {
    if (!shown.statuses.has(item.status)) return;
    if (pack !== "" && item.pack !== Number(pack)) return;
    if (kind && item.kind !== kind) return;
    if (reason && item.reason !== reason) return;
    if (note && !item.notes.some((each) => each[0] === note)) return;
    if (own && item.origin !== "own") return;
    if (!words.every((word) => texts[index].includes(word))) return;
    shown.rows.push(index);
  });
  [...byId("packages").children].forEach((row, index) => row.setAttribute("aria-selected", String(pack === String(index))));
  byId("said").textContent = `${number(shown.rows.length)} of ${number(items.length)} items`;
  byId("space").style.height = `${Math.max(shown.rows.length * ROW, 1)}px`;
  byId("list").scrollTop = 0;
  choose(shown.rows.length ? 0 : -1);
}

// --- the list: only the rows in sight exist ---

function drawList() {
  const list = byId("list");
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 6);
  const last = Math.min(shown.rows.length, first + Math.ceil(list.clientHeight / ROW) + 12);
  const nodes = [byId("space")];
  for (let at = first; at < last; at++) {
    const item = items[shown.rows[at]];
    const row = make("div", undefined, `row ${item.status}`);
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", String(at === shown.at));
    row.style.top = `${at * ROW}px`;
    const dot = make("span", undefined, "dot");
    dot.title = item.status;
    row.append(dot, make("code", item.python));
    if (item.reason) row.append(make("span", item.reason, "tag"));
    row.append(make("span", item.kind, "tag"));
    row.addEventListener("click", () => choose(at));
    nodes.push(row);
  }
  if (!shown.rows.length) nodes.push(make("p", "Nothing matches these filters.", "empty"));
  list.replaceChildren(...nodes);
}

function choose(at) {
  shown.at = at;
  drawList();
  drawDetail(at < 0 ? null : items[shown.rows[at]]);
}

function move(by) {
  if (!shown.rows.length) return;
  const at = Math.min(Math.max(shown.at + by, 0), shown.rows.length - 1);
  const list = byId("list");
  if (at * ROW < list.scrollTop) list.scrollTop = at * ROW;
  if ((at + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (at + 1) * ROW - list.clientHeight;
  choose(at);
}

// --- the item ---

const ORIGINS = {
  own: "", inherited: "The definition of another item here, so not counted again.",
  implicit: "A constructor that nobody wrote, so not counted.",
  foreign: "Of another package, bound because its type is needed; not counted.",
};

function drawDetail(item) {
  const detail = byId("detail");
  detail.replaceChildren();
  detail.scrollTop = 0;
  if (!item) return;
  const pack = data.packages[item.pack];
  const head = make("p", undefined, `status ${item.status}`);
  head.append(make("span", undefined, "dot"), make("span", `${item.status} ${item.kind} of ${pack.alias} ${pack.version}`));
  detail.append(make("h2", item.python), head);
  if (item.signature) section(detail, "Python", item.signature);
  if (item.declaration) section(detail, "Mochi", item.declaration);
  if (item.losses.length) {
    const list = make("ul", undefined, item.status);
    for (const [reason, where, text] of item.losses) {
      const entry = make("li");
      entry.append(make("span", where ? `${reason}, ${where}` : reason), make("code", text));
      list.append(entry);
    }
    detail.append(make("h3", item.status === "refused" ? "Why it is refused" : "What is lost"), list);
  }
  if (item.notes.length) {
    const list = make("ul");
    for (const [kind, where, text] of item.notes) {
      const entry = make("li");
      entry.append(make("span", `${kind}, ${where}`), make("code", text));
      list.append(entry);
    }
    detail.append(make("h3", "Notes"), list);
  }
  if (item.probe) detail.append(make("h3", "At run time"), make("p", item.probe));
  if (item.place) detail.append(make("h3", "Declared in"), make("p", item.place));
  if (ORIGINS[item.origin]) detail.append(make("h3", item.origin), make("p", ORIGINS[item.origin]));
}

function section(detail, title, text) {
  detail.append(make("h3", title), make("pre", text));
}

// --- start ---

byId("list").addEventListener("scroll", drawList);
window.addEventListener("resize", drawList);
byId("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (event.key === "/" && !typing) { byId("search").focus(); event.preventDefault(); }
  else if (event.key === "Escape" && event.target === byId("search")) { byId("search").value = ""; update(); }
  else if (event.key === "ArrowDown" && !(event.target instanceof HTMLSelectElement)) { move(1); event.preventDefault(); }
  else if (event.key === "ArrowUp" && !(event.target instanceof HTMLSelectElement)) { move(-1); event.preventDefault(); }
});
drawOverview();
drawFilters();
update();
document.documentElement.dataset.ready = "true";
