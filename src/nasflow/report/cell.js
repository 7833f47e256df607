"use strict";
// drawCell(host, cell): an architecture as a small SVG, inputs above, each node below all that feed it.
//
// cell = {ops: [operation of each node], edges: [[source, target], ...], vocabulary: [all operations]}
//
// The usual way to draw a directed acyclic graph in layers (Sugiyama, Tagawa, Toda 1981): a node's layer is the
// longest path to it, an edge that passes layers gets a bend in each, and the order within a layer follows the mean
// place of the neighbours. All text is set as text: names of operations come from files.

const drawCell = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const MAX_NODES = 300;        // beyond, nothing could be told apart
  const BOX = 24, DISC = 20;    // height of a node with its name, or with the number of its operation
  const GAP = 14;               // between neighbours in a layer

  function drawCell(host, cell) {
    const n = cell.ops.length;
    if (n > MAX_NODES) {
      host.append(paragraph(`${n} nodes and ${cell.edges.length} edges: too many to draw.`));
      return;
    }
    const layers = order(cell, generations(cell));
    const names = cell.ops.map(op => op.length > 26 ? op.slice(0, 25) + "…" : op);
    const wide = names.map(name => 7 * name.length + 14);
    // names where they fit; else numbers, explained below the drawing
    const span = layer => layer.reduce((sum, item) => sum + (item.node === undefined ? 8 : wide[item.node]) + GAP, 0);
    const named = layers.length <= 12 && Math.max(...layers.map(span)) <= 430;
    const height = named ? BOX : DISC, step = height + (named ? 22 : 14);
    const widthOf = item => item.node === undefined ? 8 : named ? wide[item.node] : DISC;
    const widths = layers.map(layer => layer.reduce((sum, item) => sum + widthOf(item) + GAP, -GAP));
    const width = Math.max(...widths, named ? 200 : 280) + 4;
    layers.forEach((layer, i) => {
      let x = (width - widths[i]) / 2;
      for (const item of layer) {
        item.x = x + widthOf(item) / 2;
        item.y = 2 + i * step + height / 2;
        x += widthOf(item) + GAP;
      }
    });
    const svg = element("svg", {viewBox: `0 0 ${width} ${layers.length * step - step + height + 4}`, role: "img"});
    // a narrow cell is not blown up
    svg.style.maxWidth = `${Math.round(width * 1.25)}px`;
    svg.append(element("title", {}, `${n} nodes, ${cell.edges.length} edges`));
    const items = layers.flat();
    for (const item of items) for (const next of item.to) svg.append(edge(item, next, height, cell));
    for (const item of items) if (item.node !== undefined) {
      const op = cell.ops[item.node], kind = cell.vocabulary.indexOf(op);
      svg.append(node(item, widthOf(item), height, op, kind, named ? names[item.node] : String(kind)));
    }
    host.append(svg);
    if (!named) host.append(legend(cell));
  }

  function generations(cell) {
    const level = cell.ops.map(() => 0), waiting = cell.ops.map(() => 0), after = cell.ops.map(() => []);
    for (const [source, target] of cell.edges) { after[source].push(target); waiting[target]++; }
    const front = [...level.keys()].filter(v => !waiting[v]);
    for (const v of front) for (const w of after[v]) {
      level[w] = Math.max(level[w], level[v] + 1);
      if (!--waiting[w]) front.push(w);
    }
    return level;
  }

  // Layers of items {node, to: items of the next layer, from}; bends of long edges are items without a node.
  function order(cell, level) {
    const layers = Array.from({length: Math.max(...level) + 1}, () => []);
    const item = cell.ops.map((_, node) => ({node, to: [], from: []}));
    item.forEach((own, node) => layers[level[node]].push(own));
    for (const [source, target] of cell.edges) {
      let last = item[source];
      for (let i = level[source] + 1; i <= level[target]; i++) {
        const next = i === level[target] ? item[target] : {to: [], from: [], ends: [source, target]};
        if (next.ends) layers[i].push(next);
        last.to.push(next);
        next.from.push(last);
        last = next;
      }
    }
    const number = () => layers.forEach(layer => layer.forEach((own, i) => { own.at = (i + 0.5) / layer.length; }));
    const mean = near => near.reduce((sum, other) => sum + other.at, 0) / near.length;
    for (let sweep = 0; sweep < 8; sweep++) {
      const side = sweep % 2 ? "to" : "from";
      for (const layer of sweep % 2 ? [...layers].reverse() : layers) {
        number();
        for (const own of layer) own.key = own[side].length ? mean(own[side]) : own.at;
        layer.sort((a, b) => a.key - b.key);
      }
    }
    return layers;
  }

  function edge(from, to, height, cell) {
    const y0 = from.y + (from.node === undefined ? 0 : height / 2), y1 = to.y - (to.node === undefined ? 0 : height / 2);
    const bend = (y1 - y0) / 2;
    const [source, target] = [from, to].map((own, i) => own.node ?? own.ends[i]);
    const idle = cell.ops[source] === "none" || cell.ops[target] === "none";
    const path = element("path", {
      d: `M${from.x} ${y0}C${from.x} ${y0 + bend} ${to.x} ${y1 - bend} ${to.x} ${y1}`, fill: "none",
      stroke: idle ? "#cfcfcb" : "#7a7a76", "stroke-width": 1.3,
    });
    if (idle) path.setAttribute("stroke-dasharray", "3 3");
    if (to.node === undefined) return path;
    const group = element("g");
    const tip = element("path", {d: `M${to.x - 3.5} ${y1 - 6}L${to.x} ${y1}L${to.x + 3.5} ${y1 - 6}`, fill: "none",
                                 stroke: idle ? "#cfcfcb" : "#7a7a76", "stroke-width": 1.3});
    group.append(path, tip);
    return group;
  }

  function node(item, width, height, op, kind, words) {
    const [fill, stroke, ink] = paint(op, kind);
    const group = element("g", {class: "node"});
    const box = element("rect", {x: item.x - width / 2, y: item.y - height / 2, width, height,
                                 rx: width === height ? height / 2 : 5, fill, stroke});
    if (op === "none") box.setAttribute("stroke-dasharray", "3 3");
    const text = element("text", {x: item.x, y: item.y + 4, "text-anchor": "middle", "font-size": 12, fill: ink}, words);
    group.append(element("title", {}, op), box, text);
    return group;
  }

  // fill, border and letters of an operation; ends and `none` are grey, others go round the colour wheel
  function paint(op, kind) {
    if (op.startsWith("input") || op.startsWith("output")) return ["#4a4a47", "#4a4a47", "#ffffff"];
    if (op === "none") return ["#ffffff", "#b9b9b4", "#8a8a85"];
    const hue = Math.round(kind * 137.5) % 360;
    return [`hsl(${hue} 65% 90%)`, `hsl(${hue} 40% 50%)`, "#222222"];
  }

  function legend(cell) {
    const list = document.createElement("ul");
    cell.vocabulary.forEach((op, kind) => {
      if (!cell.ops.includes(op)) return;
      const entry = document.createElement("li"), [fill, stroke, ink] = paint(op, kind);
      const mark = element("svg", {viewBox: "0 0 22 20"});
      mark.style.cssText = "display:inline-block;width:20px;height:18px;vertical-align:-4px;margin-right:4px";
      mark.append(element("rect", {x: 1, y: 0.5, width: 20, height: 19, rx: 9.5, fill, stroke}),
                  element("text", {x: 11, y: 14, "text-anchor": "middle", "font-size": 12, fill: ink}, String(kind)));
      entry.append(mark, op);
      list.append(entry);
    });
    return list;
  }

  function element(name, attributes = {}, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function paragraph(text) {
    const made = document.createElement("p");
    made.textContent = text;
    return made;
  }

  return drawCell;
})();
