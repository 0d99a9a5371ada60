"use strict";
(() => {
  const tool = JSON.parse(document.getElementById("tool").textContent);
  const form = document.getElementById("questions");
  const percent = share => `${Math.round(share * 100)} %`;

  // Columns of numbers that each question becomes: one, or one a name but the first.
  const blocks = [];
  let width = 0;
  for (const question of tool.questions) {
    const size = question.level === "nominal" ? question.options.length - 1 : 1;
    blocks.push(Array.from({ length: size }, (_, step) => width + step));
    width += size;
  }

  function encode(question, answer) {
    if (question.level === "nominal") return question.options.slice(1).map(option => (option.value === answer ? 1 : 0));
    if (question.options.length) return [answer];
    const limited = Math.min(Math.max(answer, question.low), question.high);
    return [{ none: limited, log1p: Math.log1p(limited), sqrt: Math.sqrt(limited) }[question.transform]];
  }

  // Count one column: every distance by what the columns before it do not tell, and that part taken out of the rest.
  function take(state, column) {
    const { within, away } = state, pivot = within[column][column], row = within[column].slice();
    away.forEach((distances, segment) => { state.squared[segment] += (distances[column] ** 2) / pivot; });
    for (const other of state.columns) {
      if (other === column) continue;
      const slope = row[other] / pivot;
      away.forEach(distances => { distances[other] -= slope * distances[column]; });
      for (const third of state.columns) within[other][third] -= slope * row[third];
    }
  }

  function shares(squared) {
    const logs = squared.map((value, segment) => Math.log(tool.priors[segment]) - 0.5 * value);
    const best = Math.max(...logs), raised = logs.map(value => Math.exp(value - best));
    const total = raised.reduce((sum, value) => sum + value, 0);
    return raised.map(value => value / total);
  }

  function spread(state, block, chances) {
    const inner = { within: state.within.map(row => row.slice()), columns: block, squared: chances.map(() => 0) };
    const mean = block.map(column => state.away.reduce((sum, row, segment) => sum + chances[segment] * row[column], 0));
    inner.away = state.away.map(row => { const copy = row.slice(); block.forEach((column, place) => { copy[column] -= mean[place]; }); return copy; });
    block.forEach(column => take(inner, column));
    return chances.reduce((sum, chance, segment) => sum + chance * inner.squared[segment], 0);
  }

  // The same as place_answers and next_question of the library.
  function place(answers) {
    const numbers = new Array(width).fill(0), known = [];
    tool.questions.forEach((question, place) => {
      if (answers[place] === null) return;
      encode(question, answers[place]).forEach((value, step) => { numbers[blocks[place][step]] = value; });
      known.push(...blocks[place]);
    });
    const state = {
      within: tool.within.map(row => row.slice()),
      away: tool.means.map(row => row.map((mean, column) => numbers[column] - mean)),
      squared: tool.priors.map(() => 0),
      columns: Array.from({ length: width }, (_, column) => column),
    };
    known.forEach(column => take(state, column));
    const chances = shares(state.squared), probability = Math.max(...chances), answered = answers.filter(answer => answer !== null).length;
    let next = null, most = -1;
    blocks.forEach((block, place) => {
      if (answers[place] !== null) return;
      const gain = spread(state, block, chances);
      if (gain > most + 1e-12) { next = place; most = gain; }
    });
    const likeliest = tool.segments[chances.indexOf(probability)];
    return { chances, probability, likeliest, answered, next, segment: answered > 0 && probability >= tool.threshold ? likeliest : null };
  }

  function read() {
    return tool.questions.map((question, place) => {
      if (question.options.length) {
        const chosen = form.querySelector(`input[name="q${place}"]:checked`);
        return chosen && chosen.value !== "" ? question.options[Number(chosen.value)].value : null;
      }
      const input = document.getElementById(`q${place}-number`), number = input.valueAsNumber;
      const wrong = input.validity.badInput || (input.value !== "" && !Number.isFinite(number));
      input.closest("fieldset").querySelector(".wrong").hidden = !wrong;
      input.setAttribute("aria-invalid", String(wrong));
      return Number.isFinite(number) ? number : null;
    });
  }

  function show() {
    const answers = read(), found = place(answers), about = tool.names[found.likeliest];
    const set = (id, text) => { const element = document.getElementById(id); if (element.textContent !== text) element.textContent = text; };
    const section = document.getElementById("result"), likely = `${found.likeliest} (${percent(found.probability)})`;
    section.classList.toggle("told", found.segment !== null);
    let verdict = "Ask a first question", reading = "No question has been answered yet.", short = verdict;
    if (found.answered > 0 && found.segment !== null) {
      verdict = `${found.segment}${about ? `: ${about}` : ""}`;
      reading = `Of 100 ${tool.units} with these answers, about ${Math.round(found.probability * 100)} would be in ${found.segment}.`;
      short = `${verdict} (${percent(found.probability)})`;
    } else if (found.answered > 0) {
      verdict = found.next === null ? tool.words.never : tool.words.again;
      reading = `Likeliest so far is ${likely}, which is not enough to name it.` + (found.next === null ? " The answers fit several segments: better no segment than a wrong one." : "");
      short = `${found.next === null ? "Cannot tell" : "Cannot tell yet"}: likeliest ${likely}`;
    }
    set("verdict", verdict); set("reading", reading); set("short", short);
    document.querySelectorAll("td[data-segment]").forEach(cell => {
      const chance = found.chances[Number(cell.dataset.segment)];
      cell.textContent = found.answered ? percent(chance) : "–";
      cell.parentElement.querySelector("progress").value = found.answered ? chance : 0;
    });
    const link = document.getElementById("next"), goal = found.next === null || found.segment !== null ? "result" : `q${found.next}`;
    link.href = `#${goal}`;
    link.textContent = goal === "result" ? "Result" : `Next: question ${found.next + 1}`;
    tool.questions.forEach((_, place) => {
      const box = document.getElementById(`q${place}`);
      box.classList.toggle("answered", answers[place] !== null);
      box.classList.toggle("next", goal === `q${place}`);
    });
    document.body.dataset.segment = found.segment === null ? "" : found.segment;
    document.body.dataset.likeliest = found.likeliest;
    document.body.dataset.probability = String(found.probability);
    document.body.dataset.next = found.next === null ? "" : tool.questions[found.next].name;
  }

  form.addEventListener("input", show);
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show));
  show();
})();
