// Charts: uPlot with the page's colours, thumbnails and maps on plain canvases.
(() => {
  const { make, si } = Gummel;
  const live = new Set();

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const palette = () => [1, 2, 3, 4, 5, 6, 7, 8].map((k) => css(`--line-${k}`));
  Gummel.palette = palette;

  // Lines over one abscissa each. `lines`: { name, x, y, points: bool, bound: bool }. `axes`: { x, y, log, unit }.
  // uPlot wants one abscissa for all, so that the tables are joined first.
  Gummel.chart = (host, lines, axes) => {
    const draw = () => {
      host.replaceChildren();
      if (!lines.some((l) => l.x.length)) {
        host.append(make("p", { class: "empty" }, "nothing to show here"));
        return null;
      }
      const colors = palette();
      const clean = (y) => (!Number.isFinite(y) || (axes.log && y <= 0) ? null : y);
      const data = uPlot.join(lines.map((l) => [Array.from(l.x), l.y.map(clean)]));
      const color = (k) => (lines[k]?.bound ? css("--fail") : colors[(lines[k]?.color ?? Math.max(k, 0)) % colors.length]);
      const ink = css("--ink");
      const grid = css("--grid");
      const axis = (label, extra) => ({
        label, stroke: ink, font: "12px system-ui", labelFont: "12px system-ui",
        grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, ...extra,
      });
      const text = (v, log) => (log && (v < 1e-3 || v >= 1e5) ? v.toExponential(0) : Gummel.plain(v));
      const ticks = (unit, log) => (_, values) => values.map((v) => (v === null ? "" : unit ? si(v, unit) : text(v, log)));
      // Of a logarithmic axis decades are labelled and ruled; twos and fives too, where there are fewer than two decades.
      const leading = (v) => Number((v / 10 ** Math.floor(Math.log10(v) + 1e-9)).toPrecision(3));
      const decades = (_, splits) => {
        const wanted = splits.filter((v) => leading(v) === 1).length > 1 ? [1] : [1, 2, 5];
        return splits.map((v) => (wanted.includes(leading(v)) ? v : null));
      };
      // The library's own ticks stop short of numbers as small as densities of noise.
      const magnitudes = (_, __, low, high) => {
        const all = [];
        for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1)
          for (let digit = 1; digit < 10; digit += 1) all.push(Number(`${digit}e${power}`));
        return all.filter((v) => v >= low * (1 - 1e-9) && v <= high * (1 + 1e-9));
      };
      const filter = axes.log ? { filter: decades } : {};
      const splits = axes.log ? { splits: magnitudes } : {};
      const options = {
        width: Math.max(260, host.clientWidth), height: axes.height || 340,
        scales: { x: { time: false }, y: axes.log ? { distr: 3 } : {} },
        axes: [axis(axes.x, { size: 42, values: ticks(/\(m\)$/.test(axes.x) ? "m" : "") }),
          axis(axes.y, { size: 68, values: ticks(axes.unit || "", axes.log), ...splits, ...filter, grid: { stroke: grid, width: 1, ...filter } })],
        legend: { live: true, markers: { width: 2, stroke: (_, k) => color(k - 1), fill: (_, k) => (lines[k - 1]?.points ? color(k - 1) : "transparent") } },
        cursor: { focus: { prox: 24 } },
        series: [
          { label: axes.x.replace(/ \(.*/, ""), value: (_, v) => (v === null ? "–" : Gummel.plain(v)) },
          ...lines.map((l, k) => {
            return {
              label: l.name, stroke: color(k), width: l.points ? 0 : l.bound ? 1.2 : 1.8, dash: l.bound ? [6, 4] : undefined, spanGaps: true, pxAlign: 0,
              points: l.points ? { show: true, size: 5, fill: color(k), width: 0 } : { show: false },
              value: (_, v) => si(v, axes.unit || "", 4),
            };
          }),
        ],
      };
      return new uPlot(options, data, host);
    };
    const holder = { host, redraw: () => { holder.plot?.destroy(); holder.plot = draw(); } };
    for (const other of live) if (other.host === host) { other.plot?.destroy(); live.delete(other); }
    live.add(holder);
    holder.redraw();
    return holder;
  };

  Gummel.redrawAll = () => live.forEach((holder) => holder.redraw());

  // A pen for a canvas as sharp as the screen, and the size of the canvas in page pixels.
  Gummel.pen = (canvas) => {
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    return [pen, width, height];
  };

  // A small picture of curves without axes: measured points, fitted lines.
  Gummel.thumbnail = (canvas, lines, log) => {
    const [pen, width, height] = Gummel.pen(canvas);
    const shown = (y) => Number.isFinite(y) && (!log || y > 0);
    const map = (y) => (log ? Math.log10(y) : y);
    const xs = lines.flatMap((l) => l.x);
    const ys = lines.flatMap((l) => l.y.filter(shown).map(map));
    if (!ys.length) return;
    const span = (values) => {
      const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
      return [low, high > low ? high - low : 1];
    };
    const [x0, dx] = span(xs);
    const [y0, dy] = span(ys);
    const at = (x, y) => [4 + ((x - x0) / dx) * (width - 8), height - 4 - ((map(y) - y0) / dy) * (height - 8)];
    const colors = palette();
    lines.forEach((l, k) => {
      pen.strokeStyle = pen.fillStyle = colors[(l.color ?? k) % colors.length];
      pen.lineWidth = 1.2;
      pen.beginPath();
      let down = false;
      l.x.forEach((x, i) => {
        if (!shown(l.y[i])) { down = false; return; }
        const [px, py] = at(x, l.y[i]);
        if (l.points) pen.fillRect(px - 1.2, py - 1.2, 2.4, 2.4);
        else if (down) pen.lineTo(px, py);
        else pen.moveTo(px, py);
        down = true;
      });
      if (!l.points) pen.stroke();
    });
  };

  // Colour of a relative error: blue below, red above, a grey at zero that no ground of the page has.
  const [BELOW, ZERO, ABOVE] = [[33, 102, 172], [200, 200, 195], [178, 24, 43]];
  Gummel.errorColor = (error, limit) => {
    const t = Math.max(-1, Math.min(1, error / limit));
    const end = t < 0 ? BELOW : ABOVE;
    return `rgb(${ZERO.map((zero, k) => Math.round(zero + (end[k] - zero) * Math.abs(t))).join(", ")})`;
  };

  // Round numbers from `low` to `high`, about `n`, and their text.
  Gummel.ticks = (low, high, n) => {
    const rough = (high - low || 1) / n;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((m) => m * power >= rough * 0.999);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const first = Math.ceil(low / step - 1e-6);
    const count = Math.floor(high / step + 1e-6) - first + 1;
    return Array.from({ length: count }, (_, k) => [(first + k) * step, ((first + k) * step).toFixed(digits)]);
  };
})();
