"use strict";
(async function () {
  const packed = Uint8Array.from(atob(document.getElementById("plotly-gz").textContent), function (c) { return c.charCodeAt(0); });
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const code = await new Response(stream).blob();
  const script = document.createElement("script");
  script.src = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  script.onload = function () { URL.revokeObjectURL(script.src); window.drawReport(); };
  document.head.append(script);
})();
