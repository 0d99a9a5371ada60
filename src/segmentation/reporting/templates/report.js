"use strict";
(function () {
  function draw(canvas) {
    const figure = JSON.parse(document.getElementById(canvas.dataset.figure).textContent);
    const layout = Object.assign({}, figure.layout, { autosize: true });
    delete layout.width;
    return Plotly.newPlot(canvas, figure.data, layout, { responsive: true, displayModeBar: false }).then(function () {
      canvas.dataset.drawn = "true";
    });
  }
  function drawAll() {
    if (typeof Plotly === "undefined") { return; }
    const waiting = Array.from(document.querySelectorAll(".canvas"));
    (function next() {
      const canvas = waiting.shift();
      if (canvas) { draw(canvas).then(function () { setTimeout(next, 0); }); } else { document.body.dataset.drawn = "all"; }
    })();
  }
  function addToggle() {
    const code = Array.from(document.querySelectorAll("details.code"));
    const title = document.querySelector("main h1");
    if (!code.length || !title) { return; }
    const button = document.createElement("button");
    button.type = "button"; button.className = "toggle"; button.setAttribute("aria-pressed", "false");
    button.textContent = "Show the code of all steps";
    button.addEventListener("click", function () {
      const open = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(open));
      button.textContent = open ? "Hide the code" : "Show the code of all steps";
      code.forEach(function (item) { item.open = open; });
    });
    title.after(button);
  }
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll(".canvas[data-drawn]").forEach(function (canvas) { Plotly.Plots.resize(canvas); });
  });
  if (document.querySelector("[data-whole-report]")) { window.drawReport = drawAll; } else { drawAll(); }
  addToggle();
})();
