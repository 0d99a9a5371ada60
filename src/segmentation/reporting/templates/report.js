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
  const packs = Array.from(document.querySelectorAll("details.pack"));
  function openTarget() {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    const fold = target ? target.closest("details.pack") : null;
    if (fold && !fold.open) { fold.open = true; target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", openTarget);
  window.addEventListener("afterprint", function () {
    packs.forEach(function (fold) { if (fold.dataset.printed) { fold.open = false; delete fold.dataset.printed; } });
  });
  openTarget();
  window.addEventListener("beforeprint", function () {
    packs.forEach(function (fold) { if (!fold.open) { fold.dataset.printed = "yes"; fold.open = true; } });
    document.querySelectorAll(".canvas[data-drawn]").forEach(function (canvas) { Plotly.Plots.resize(canvas); });
  });
  if (document.querySelector("[data-whole-report]")) { window.drawReport = drawAll; } else { drawAll(); }
  addToggle();
})();
