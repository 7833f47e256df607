"use strict";
// Draws the figures of the page's data, and the architecture under the pointer beside those that have a place for it.

(async () => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const narrow = matchMedia("(max-width: 560px)").matches;
  const canvas = document.createElement("canvas");
  const hasWebGL = Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
  const look = {
    font: {family: getComputedStyle(document.body).fontFamily, size: 13, color: "#222"},
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "#ffffff",
    margin: {l: narrow ? 44 : 56, r: narrow ? 8 : 16, t: 12, b: 44},
    legend: {orientation: "h", y: 1.02, yanchor: "bottom", x: 0, traceorder: "normal"},
    modebar: {bgcolor: "rgba(0,0,0,0)", color: "#9a9a96", activecolor: "#0b5c99"},
    hoverlabel: {bgcolor: "#ffffff", bordercolor: "#b9b9b4", font: {size: 13, color: "#222"}},
    // on a phone a finger that moves over a figure scrolls the page
    dragmode: narrow ? false : "zoom",
  };
  // named one by one: plotly.js has a button that would send the figure's data to its maker
  const config = {responsive: true, displaylogo: false, displayModeBar: narrow ? false : "hover",
                  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]]};

  for (const [name, figure] of Object.entries(page.figures)) {
    if (!hasWebGL) for (const trace of figure.data) trace.type = trace.type.replace("scattergl", "scatter");
    const layout = {...look, ...figure.layout, legend: {...look.legend, ...figure.layout.legend}};
    await Plotly.newPlot(name, figure.data, layout, config);
  }
  if (page.cells) {
    const packs = await Promise.all(page.cells.map(unpackCells));
    const cellOf = row => packs.map(pack => pack(row)).find(cell => cell);
    for (const name of Object.keys(page.figures)) showCells(name, cellOf);
  }
  document.body.dataset.ready = "true";

  function showCells(name, cellOf) {
    const plot = document.getElementById(name), host = document.getElementById(`${name}-cell`);
    if (!host) return;
    const show = point => {
      const trace = point.data, row = trace.customdata[point.pointNumber];
      const cell = cellOf(row);
      host.replaceChildren();
      const words = document.createElement("p");
      words.textContent = `Row ${row}: ${described(trace, point.pointNumber)}`
        + (cell ? `; ${cell.ops.length} nodes, ${cell.edges.length} edges` : "; its cell is not in this file");
      host.append(words);
      if (cell) drawCell(host, cell);
    };
    plot.on("plotly_hover", event => show(event.points[0]));
    plot.on("plotly_click", event => show(event.points[0]));  // a tap
    show(best(plot));
  }

  function described(trace, i) {
    if (trace.meta?.words) return trace.meta.words[i];
    if (!trace.meta) return `true rank ${trace.x[i]}, predicted rank ${trace.y[i]}`;
    const {metric, unit, labels} = trace.meta;
    return `rank ${trace.marker.color[i]} of 100, ${metric} ${labels[i]}\u00a0${unit}`.trim();
  }

  // what is drawn before anything was pointed at: the best architecture
  function best(plot) {
    const data = plot.data[0];
    // a figure that says in words what a point is begins with the first
    if (data.meta?.words) return {data, pointNumber: 0};
    const ranks = data.meta ? data.marker.color.map(rank => -rank) : data.x;
    return {data, pointNumber: ranks.indexOf(Math.min(...ranks))};
  }

  // row of the data set -> {ops, edges, vocabulary}, or undefined where the file does not hold it
  async function unpackCells(cells) {
    const names = ["rows", "n_nodes", "ops", "n_edges", "sources", "targets"];
    const [rows, nNodes, ops, nEdges, sources, targets] = await Promise.all(names.map(name => unpack(cells[name])));
    const place = new Map(), firstNode = [0], firstEdge = [0];
    rows.forEach((row, i) => {
      place.set(row, i);
      firstNode.push(firstNode[i] + nNodes[i]);
      firstEdge.push(firstEdge[i] + nEdges[i]);
    });
    return row => {
      const i = place.get(row);
      if (i === undefined) return undefined;
      const edges = [];
      for (let e = firstEdge[i]; e < firstEdge[i + 1]; e++) edges.push([sources[e], targets[e]]);
      const own = [...ops.slice(firstNode[i], firstNode[i + 1])].map(op => cells.vocabulary[op]);
      return {ops: own, edges, vocabulary: cells.vocabulary};
    };
  }

  async function unpack(array) {
    const bytes = Uint8Array.from(atob(array.zlib), character => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const buffer = await new Response(stream).arrayBuffer();
    return new {uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array}[array.type](buffer);
  }
})();
