// The coding widget. It shows what Python sends in `view` and asks Python to do things with `send`; it decides nothing itself.
// Text from transcripts goes onto the page by textContent only. Every element that takes the keyboard tells JupyterLab to leave its
// keys alone: Enter and the arrows would otherwise move between the notebook's cells.

const QUIET = { "data-lm-suppress-shortcuts": "true" };
const HINT = "Select words with the mouse, or by holding a finger on them. Or with the keyboard: Tab to a turn, arrow keys for a word, Shift and arrow keys for more, Enter to choose a code.";

function el(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "text") node.textContent = value;
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  if (["BUTTON", "SELECT", "INPUT", "TEXTAREA", "SUMMARY"].includes(node.tagName)) node.setAttribute("data-lm-suppress-shortcuts", "true");
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

function words(text) {
  // Places of words in UTF-16 units, as the page counts them.
  const found = [];
  const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });
  for (const part of segmenter.segment(text)) if (part.isWordLike) found.push([part.index, part.index + part.segment.length]);
  return found.length ? found : [[0, text.length]];
}

class Desk {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.picked = null; // {turn, start, end, words}: what a code would be given to
    this.chosen = null; // key of my coding whose memo is open
    this.caret = null; // {turn, from, to}: words chosen with the keyboard
    this.kept = new Map(); // what stands in fields, by their name, while the page is drawn anew
    this.id = `coder-${Math.random().toString(36).slice(2)}`;
    root.classList.add("coder");
    const keep = (event) => event.target.dataset.field && this.kept.set(event.target.dataset.field, event.target.value);
    for (const kind of ["input", "change"]) root.addEventListener(kind, keep);
    root.addEventListener("mousedown", (event) => (this.pressed = Boolean(event.target.closest(".coder-text"))));
    this.mouseup = () => {
      if (this.pressed) setTimeout(() => this.take(), 0);
      this.pressed = false;
    };
    document.addEventListener("mouseup", this.mouseup);
    // A finger or a pen selects by holding, then by handles that belong to the browser: only the selection itself tells.
    root.addEventListener("pointerdown", (event) => (this.touched = event.pointerType !== "mouse" && Boolean(event.target.closest(".coder-text"))));
    this.reselected = () => {
      if (!this.touched) return;
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.take(), 250);
    };
    document.addEventListener("selectionchange", this.reselected);
    this.draw();
  }

  send(asked, ...fields) {
    // The fields are emptied once Python has kept what stands in them, and not before.
    this.sent = fields;
    this.model.send(asked);
  }

  forget(...fields) {
    for (const field of fields) this.kept.delete(field);
  }

  field(name) {
    return this.root.querySelector(`[data-field="${CSS.escape(name)}"]`);
  }

  value(name) {
    return this.field(name)?.value ?? "";
  }

  draw() {
    const view = this.model.get("view");
    const active = this.root.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
    const scrolled = [...this.root.querySelectorAll("[data-scroll]")].map((node) => node.scrollTop);
    if (this.view?.source !== view.source) {
      this.picked = this.chosen = this.caret = null;
      this.kept.clear();
      scrolled.fill(0);
    }
    this.view = view;
    if (!view.turns.some((turn) => turn.mine.some((row) => row.key === this.chosen))) this.chosen = null;
    const text = el("div", { class: "coder-text", "data-scroll": "text", role: "region", "aria-label": `Transcript ${view.source}` }, this.turns());
    const side = el("div", { class: "coder-side", "data-scroll": "side", role: "region", "aria-label": "Coding", tabindex: "0", ...QUIET },
      this.giving(), this.chosen ? this.choice() : null, view.beside ? this.disagreements() : null, this.suggestions(), this.memos());
    this.told = el("div", { class: "coder-told", role: "status", "aria-live": "polite" });
    this.root.replaceChildren(this.bar(), this.told, el("div", { class: "coder-body" }, text, side));
    for (const [name, value] of this.kept) if (this.field(name)) this.field(name).value = value;
    [...this.root.querySelectorAll("[data-scroll]")].forEach((node, place) => (node.scrollTop = scrolled[place] ?? 0));
    if (active) this.root.querySelector(`[data-focus="${CSS.escape(active)}"]`)?.focus({ preventScroll: true });
    this.say();
    this.light();
  }

  say(text, wrong = false) {
    const told = this.model.get("told");
    this.told.textContent = text ?? (told.words ? told.words : this.view.account);
    this.told.classList.toggle("wrong", text === undefined ? Boolean(told.wrong) : wrong);
  }

  pick(name, label, options, value, change) {
    const id = `${this.id}-${name}`;
    const list = el("select", { id, "data-focus": name, "data-name": name, onchange: (event) => change(event.target.value) },
      options.map(([key, words]) => el("option", { value: key, text: words })));
    list.value = value;
    return el("div", {}, el("label", { for: id, text: label }), list);
  }

  button(name, words, press, given = {}) {
    return el("button", { type: "button", "data-focus": name, onclick: press, text: words, ...given });
  }

  bar() {
    const { view } = this;
    const place = view.sources.findIndex((source) => source.id === view.source);
    const step = (by) => this.send({ do: "open", source: view.sources[place + by].id });
    return el("div", { class: "coder-bar" },
      this.pick("source", "Transcript", view.sources.map((s) => [s.id, s.n ? `${s.id} (${s.n})` : s.id]), view.source, (source) => this.send({ do: "open", source })),
      this.button("before", "Previous", () => step(-1), { disabled: place === 0 }),
      this.button("next", "Next", () => step(1), { disabled: place === view.sources.length - 1 }),
      this.pick("show", "Show", [["", "all codes"], ...this.codable().map((c) => [c.id, c.name])], view.code, (code) => this.send({ do: "show", code })),
      this.pick("beside", "Beside me", [["", "nobody"], ...view.others.map((name) => [name, name])], view.beside, (other) => this.send({ do: "beside", other })),
      this.button("undo", "Undo", () => this.send({ do: "undo" }), { disabled: !view.undo }));
  }

  codable() {
    return this.view.codes.filter((code) => !code.holds || code.n);
  }

  turns() {
    const { view } = this;
    const drawn = view.turns.map((turn) => this.turn(turn));
    if (view.hidden) drawn.push(el("p", { text: `${view.hidden} turns without this code are not shown.` }));
    const stop = this.root.querySelector(".coder-words[tabindex='0']")?.dataset.turn;
    const lines = drawn.map((node) => node.querySelector(".coder-words[tabindex]")).filter(Boolean);
    const first = lines.find((line) => line.dataset.turn === stop) ?? lines[0];
    if (first) first.tabIndex = 0;
    return drawn;
  }

  turn(turn) {
    const pieces = turn.pieces.map((piece) => {
      const span = el("span", { class: "coder-piece", "data-keys": [...piece.m, ...piece.o].join(" "), text: piece.t });
      if (piece.m.length) span.classList.add("m");
      if (piece.m.length > 1) span.classList.add("mm");
      if (piece.o.length) span.classList.add("o");
      if (piece.c !== null) span.style.setProperty("--c", `var(--c${piece.c})`);
      return span;
    });
    const line = el("p", { class: "coder-words", "data-turn": turn.n, dir: "auto" }, pieces);
    if (turn.codable) {
      const given = { tabindex: "-1", role: "textbox", "aria-readonly": "true", "aria-multiline": "true", "data-focus": `turn-${turn.n}`,
        "aria-label": `${turn.speaker}, turn ${turn.n + 1}`, ...QUIET };
      for (const [name, value] of Object.entries(given)) line.setAttribute(name, value);
      line.addEventListener("keydown", (event) => this.key(event, turn));
      line.addEventListener("focus", () => this.stop(line));
    }
    const who = turn.codable ? turn.speaker : `${turn.speaker} – not coded, counts nowhere`;
    const sides = turn.mine.length || turn.theirs.length
      ? el("div", { class: this.view.beside ? "coder-sides two" : "coder-sides" }, this.chips(turn.mine, "mine", "You"),
          this.view.beside ? this.chips(turn.theirs, "theirs", this.view.beside) : null)
      : null;
    return el("div", { class: turn.codable ? "coder-turn" : "coder-turn silent" }, el("div", { class: "coder-who", text: who }), line, sides);
  }

  stop(line) {
    for (const other of this.root.querySelectorAll(".coder-words[tabindex]")) other.tabIndex = other === line ? 0 : -1;
  }

  chips(rows, side, who) {
    const chips = rows.map((row) => {
      const lit = (on) => () => this.show(row.key, on);
      const given = { class: `coder-chip ${side}`, style: `--c: var(--c${row.colour})`, onmouseenter: lit(true), onmouseleave: lit(false), onfocus: lit(true), onblur: lit(false) };
      const name = row.memo ? `${row.name} ✎` : row.name;
      const label = `${who}: ${row.name}, ${row.quote}${row.memo ? ", with a memo" : ""}`;
      if (side === "theirs") return el("span", { ...given, text: name, title: row.quote });
      const press = () => { this.chosen = this.chosen === row.key ? null : row.key; this.forget("coding-memo"); this.draw(); };
      return this.button(`chip-${row.key}`, name, press, { ...given, "aria-label": label, "aria-pressed": String(this.chosen === row.key), title: row.quote });
    });
    return el("div", {}, this.view.beside ? el("span", { class: "coder-who", text: `${who}: ` }) : null, chips, chips.length ? null : el("span", { text: "–" }));
  }

  show(key, on) {
    for (const piece of this.root.querySelectorAll(".coder-piece")) {
      if (piece.dataset.keys.split(" ").includes(key)) piece.classList.toggle("lit", on);
    }
  }

  line(turn) {
    return this.root.querySelector(`.coder-words[data-turn="${turn}"]`);
  }

  range(turn, start, end) {
    // A range over the turn's pieces from places in its text.
    const range = document.createRange();
    let past = 0;
    const nodes = document.createTreeWalker(this.line(turn), NodeFilter.SHOW_TEXT);
    for (let node = nodes.nextNode(), open = false; node; node = nodes.nextNode()) {
      const next = past + node.length;
      if (!open && start < next) { range.setStart(node, start - past); open = true; }
      if (end <= next) { range.setEnd(node, end - past); return range; }
      past = next;
    }
    return range;
  }

  light() {
    if (!CSS.highlights) return;
    CSS.highlights.delete("coder-picked");
    if (this.picked && this.line(this.picked.turn)) CSS.highlights.set("coder-picked", new Highlight(this.range(this.picked.turn, this.picked.start, this.picked.end)));
  }

  take() {
    // What mouse or finger selected, if it lies in one turn of a participant.
    const chosen = document.getSelection();
    if (!chosen || chosen.isCollapsed || !chosen.rangeCount) return;
    const range = chosen.getRangeAt(0);
    const near = (node) => (node.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest?.(".coder-words");
    const [from, to] = [near(range.startContainer), near(range.endContainer)];
    if (!(from && this.root.contains(from)) && !(to && this.root.contains(to))) return;
    if (from && !from.hasAttribute("tabindex")) return this.say("The interviewer's words are not coded: they count nowhere.", true);
    if (!from) return this.say("Select words within one turn.", true);
    const before = document.createRange();
    before.selectNodeContents(from);
    before.setEnd(range.startContainer, range.startOffset);
    const start = before.toString().length;
    const all = from.textContent.length;
    let end = all;
    if (to === from) end = start + range.toString().length;
    else if (to) return this.say("Select words within one turn.", true);
    if (end <= start) return;
    this.choose(Number(from.dataset.turn), start, end);
    if (this.touched) this.root.querySelector("[data-part=giving]").scrollIntoView({ block: "nearest" });
  }

  choose(turn, start, end) {
    this.picked = { turn, start, end, words: this.line(turn).textContent.slice(start, end) };
    this.root.querySelector("[data-part=giving]").replaceWith(this.giving());
    for (const [name, value] of this.kept) if (this.field(name)) this.field(name).value = value;
    this.light();
    this.say(`Selected: ${this.picked.words}`);
  }

  drop() {
    this.picked = this.caret = null;
    document.getSelection()?.removeAllRanges();
  }

  key(event, turn) {
    const line = this.line(turn.n);
    const places = words(line.textContent);
    if (this.caret?.turn !== turn.n) this.caret = null;
    const keys = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
    if (event.key in keys && !event.altKey) {
      const now = this.caret ? this.caret.to + keys[event.key] : keys[event.key] > 0 && event.key !== "End" ? 0 : event.key === "Home" ? 0 : places.length - 1;
      const to = Math.min(Math.max(now, 0), places.length - 1);
      this.caret = { turn: turn.n, from: event.shiftKey && this.caret ? this.caret.from : to, to };
    } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
      this.caret = { turn: turn.n, from: 0, to: places.length - 1 };
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const lines = [...this.root.querySelectorAll(".coder-words[tabindex]")];
      lines[lines.indexOf(line) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
      return event.preventDefault();
    } else if (event.key === "Enter" && this.picked?.turn === turn.n) {
      this.field("code").focus();
      return event.preventDefault();
    } else if (event.key === "Escape") {
      this.drop();
      this.draw();
      return event.preventDefault();
    } else return undefined;
    event.preventDefault();
    const [first, last] = [Math.min(this.caret.from, this.caret.to), Math.max(this.caret.from, this.caret.to)];
    return this.choose(turn.n, places[first][0], places[last][1]);
  }

  list(field, label, options, value) {
    const id = `${this.id}-${field}`;
    const list = el("select", { id, "data-field": field, "data-focus": field }, options.map(([key, text]) => el("option", { value: key, text })));
    if (value) list.value = value;
    return [el("label", { for: id, text: label }), list];
  }

  write(field, label, value, rows = 2) {
    const id = `${this.id}-${field}`;
    const given = { id, "data-field": field, "data-focus": field, value, autocomplete: "off" };
    return [el("label", { for: id, text: label }), rows ? el("textarea", { ...given, rows }) : el("input", { ...given, type: "text" })];
  }

  section(part, title, ...children) {
    return el("section", { "data-part": part, "aria-label": title }, el("h3", { text: title }), children);
  }

  giving() {
    const codes = this.codable().map((code) => [code.id, code.parent ? `${code.parent}: ${code.name}` : code.name]);
    const meaning = el("p", {});
    const [label, list] = this.list("code", "Code", codes);
    const tell = () => (meaning.textContent = this.view.codes.find((code) => code.id === list.value)?.meaning ?? "");
    list.addEventListener("change", tell);
    if (this.kept.has("code")) list.value = this.kept.get("code");
    tell();
    const give = () => {
      if (!this.picked) return this.say("Select words first.", true);
      const { turn, start, end } = this.picked;
      this.wait = { do: "give", back: `turn-${turn}` };
      return this.send({ do: "give", turn, start, end, code: list.value });
    };
    list.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); give(); } });
    const fields = ["new-name", "new-meaning", "new-parent"];
    const add = () => this.send({ do: "code", name: this.value(fields[0]), meaning: this.value(fields[1]), parent: this.value(fields[2]) }, ...fields);
    const fresh = el("details", { "data-open": "new", open: this.adding }, el("summary", { text: "New code", "data-focus": "new" }),
      this.write("new-name", "Name", "", 0), this.write("new-meaning", "Definition: what must a passage say to carry it?", ""),
      this.list("new-parent", "Category", [["", "none"], ...this.view.codes.filter((c) => !c.parent).map((c) => [c.id, c.name])]),
      el("div", { class: "coder-row" }, this.button("new-add", "Add to the codebook", add)));
    fresh.addEventListener("toggle", () => (this.adding = fresh.open));
    return this.section("giving", "Give a code",
      this.picked ? el("span", { class: "coder-quote", "data-part": "picked", text: this.picked.words }) : el("p", { text: HINT }),
      label, list, meaning, el("div", { class: "coder-row" }, this.button("give", "Give this code", give, { disabled: !this.picked })), fresh);
  }

  choice() {
    const row = this.view.turns.flatMap((turn) => turn.mine).find((coding) => coding.key === this.chosen);
    const keep = () => this.send({ do: "memo", key: row.key, memo: this.value("coding-memo") }, "coding-memo");
    return this.section("choice", "Your coding", this.name(row), el("span", { class: "coder-quote", text: row.quote }),
      this.write("coding-memo", "Memo on this coding", row.memo),
      el("div", { class: "coder-row" }, this.button("coding-keep", "Keep memo", keep),
        this.button("coding-remove", "Take the code away", () => this.send({ do: "remove", key: row.key }))));
  }

  name(row) {
    return el("div", {}, el("span", { class: "coder-swatch", style: `--c: var(--c${row.colour})` }), el("span", { class: "coder-name", text: row.name }));
  }

  disagreements() {
    const { view } = this;
    const open = view.disagreements.filter((row) => !row.kept).length;
    const title = `Beside ${view.beside}: ${open} open`;
    return this.section("disagreements", title, view.disagreements.length ? null : el("p", { text: `You and ${view.beside} agree everywhere here.` }),
      view.disagreements.map((row) => this.disagreement(row)));
  }

  disagreement(row) {
    const quotes = [["You", row.mine], [this.view.beside, row.theirs]].flatMap(([who, said]) => said.map((text) => el("span", { class: "coder-quote", text: `${who}: ${text}` })));
    const head = el("div", {}, el("span", { class: "coder-swatch", style: `--c: var(--c${row.colour})` }), el("span", { class: "coder-name", text: row.name }), el("span", { text: ` – ${row.kind}` }));
    if (row.kept) {
      const words = `${row.kept} (${row.who}, ${row.when})${row.why ? `: ${row.why}` : ""}`;
      const back = row.who === this.view.me ? this.button(`back-${row.key}`, "Take back", () => this.send({ do: "reopen", key: row.key })) : null;
      return el("div", { class: "coder-item" }, head, quotes, el("p", { text: words }), back);
    }
    const field = `why-${row.key}`;
    const keep = (how) => () => this.send({ do: "resolve", key: row.key, keep: how, why: this.value(field) }, field);
    const ways = [["mine", "Keep mine"], ["theirs", "Keep theirs"], ["both", "Keep both"], ["drop", "Drop"]]
      .filter(([how]) => how === "drop" || (row.mine.length && row.theirs.length) || (how === "mine" && row.mine.length) || (how === "theirs" && row.theirs.length));
    return el("div", { class: "coder-item" }, head, quotes, this.write(field, "Why", "", 0),
      el("div", { class: "coder-row" }, ways.map(([how, words]) => this.button(`${how}-${row.key}`, words, keep(how)))));
  }

  suggestions() {
    const { view } = this;
    const rows = (view.offers ?? []).map((row) => {
      const answer = (how) => () => this.send({ do: "answer", key: row.key, answer: how });
      return el("div", { class: "coder-item" }, this.name(row), el("span", { class: "coder-quote", text: row.quote }), el("p", { text: row.record }),
        el("div", { class: "coder-row" }, this.button(`accept-${row.key}`, "Accept", answer("accepted")), this.button(`refuse-${row.key}`, "Refuse", answer("refused"))));
    });
    return this.section("suggestions", "Suggestions", el("p", { text: view.said || "From the team's own codings of other people. None is applied by itself." }), rows,
      el("div", { class: "coder-row" }, this.button("suggest", "Suggest codes", () => this.send({ do: "suggest" }))));
  }

  memos() {
    const about = [["", `transcript ${this.view.source}`], ...this.codable().map((code) => [code.id, `code ${code.name}`])];
    const chosen = this.kept.get("memo-about") ?? "";
    const held = (code) => (code ? this.view.codes.find((entry) => entry.id === code)?.memo : this.view.memo) ?? "";
    const [label, list] = this.list("memo-about", "About", about, chosen);
    list.addEventListener("change", () => { this.forget("memo"); this.field("memo").value = held(list.value); });
    const keep = () => this.send({ do: "memo", code: list.value, memo: this.value("memo") }, "memo");
    return this.section("memos", "Memos", label, list, this.write("memo", "Memo", held(chosen), 3),
      el("div", { class: "coder-row" }, this.button("memo-keep", "Keep memo", keep)));
  }

  heard() {
    const told = this.model.get("told");
    if (!told.wrong) this.forget(...(this.sent ?? []));
    if (told.do === "give" && !told.wrong) {
      const back = this.wait?.back;
      this.drop();
      this.draw();
      if (back) this.root.querySelector(`[data-focus="${back}"]`)?.focus({ preventScroll: true });
    } else if (told.do === "code" && !told.wrong) {
      this.adding = false;
      this.kept.set("code", this.view.codes.at(-1).id);
      this.draw();
    } else this.say();
    if (told.do === "suggest") this.root.querySelector("[data-part=suggestions]").scrollIntoView({ block: "nearest" });
    this.root.dataset.told = String(told.n);
  }
}

function render({ model, el: root }) {
  const desk = new Desk(model, root);
  const draw = () => desk.draw();
  const heard = () => desk.heard();
  model.on("change:view", draw);
  model.on("change:told", heard);
  return () => {
    model.off("change:view", draw);
    model.off("change:told", heard);
    document.removeEventListener("mouseup", desk.mouseup);
    document.removeEventListener("selectionchange", desk.reselected);
    CSS.highlights?.delete("coder-picked");
  };
}

export default { render };
