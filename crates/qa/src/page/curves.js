// Gallery, curves of one device, live evaluation, residual map.
(() => {
  const { make, si, plain } = Gummel;
  const steps = (low, high, n) => Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));
  const TERMINAL = { d: 0, g: 1, s: 2, b: 3 };
  const bias = (curve, v) => {
    const at = curve.held.slice();
    at[TERMINAL[curve.swept]] = v;
    return at;
  };
  const key = (curve) => { const h = curve.held; return [curve.swept === "g" ? h[0] - h[2] : h[1] - h[2], h[3] - h[2]]; };

  Gummel.placeOf = (data, index, change = {}) => ({ ...data.spec.devices[index].place, ...change });

  // Instances are kept, for a slider asks for the same one many times.
  const kept = new Map();
  Gummel.instance = (data, index, change = {}) => {
    const place = Gummel.placeOf(data, index, change);
    const name = `${index} ${JSON.stringify(place)}`;
    if (!kept.has(name)) {
      if (kept.size > 200) kept.clear();
      kept.set(name, Gummel.fold(data.spec, index, place));
    }
    return kept.get(name);
  };

  const nearestRoom = (temperatures) =>
    temperatures.reduce((best, t) => (Math.abs(t - 300.15) < Math.abs(best - 300.15) ? t : best), temperatures[0] ?? 300.15);
  Gummel.nearestRoom = nearestRoom;

  // Corners that the curves of a device can be shown at, with where they are, and the device that was fitted there.
  const POSITIONS = { ss: [-1, 0], sf: [0, -1], tt: [0, 0], fs: [0, 1], ff: [1, 0] };
  Gummel.cornersOf = (data, index) => {
    const me = data.devices[index];
    const same = (d) => d.site === me.site && ["w", "l", "nf", "mult"].every((k) => d.geometry[k] === me.geometry[k]);
    return Object.entries(POSITIONS).flatMap(([name, [speed, skew]]) => {
      const fitted = data.devices.findIndex((d) => d.corner === name && same(d));
      const moved = me.corner && (skew ? data.abilities.skew : data.abilities.speed);
      return fitted >= 0 || moved ? [{ name, fitted, position: { speed, skew } }] : [];
    });
  };

  // At most `most` measured curves of a kind: bulk at zero where there are such, evenly chosen.
  const choose = (measured, swept, temperature, most) => {
    let all = measured.filter((c) => c.swept === swept && Math.abs(c.t - temperature) < 1 && c.x.length > 2);
    const atZero = all.filter((c) => Math.abs(key(c)[1]) < 1e-3);
    if (atZero.length > 1 || (swept === "d" && atZero.length)) all = atZero;
    const distinct = new Map();
    for (const c of all) {
      const name = key(c).map((v) => Math.round(v * 1e3)).join(" ");
      if (!distinct.has(name) || distinct.get(name).x.length < c.x.length) distinct.set(name, c);
    }
    const list = [...distinct.values()].sort((a, b) => Math.abs(key(a)[0]) - Math.abs(key(b)[0]) || Math.abs(key(a)[1]) - Math.abs(key(b)[1]));
    if (list.length <= most) return list;
    return steps(0, list.length - 1, most).map((i) => list[Math.round(i)]);
  };

  // Curves of the model alone, where there are no data of the kind.
  const imagined = (data, device, swept, temperature) => {
    const sign = data.spec.sign;
    const [vgs, vds] = [device.range[0], device.range[1]];
    if (swept === "g") return [0.05, vds[1]].map((d) => ({ swept, t: temperature, held: [sign * d, 0, 0, 0], x: vgs.map((v) => sign * v), y: [] }));
    return [0.4, 0.6, 0.8, 1].map((f) => ({ swept, t: temperature, held: [0, sign * f * vgs[1], 0, 0], x: [0, sign * vds[1]], y: [] }));
  };

  const VIEWS = {
    transfer: { swept: "g", y: "drain current (A)", unit: "A" },
    output: { swept: "d", y: "drain current (A)", unit: "A" },
    gm: { swept: "g", y: "gm (S)", unit: "S", slope: true },
    gds: { swept: "d", y: "gds (S)", unit: "S", slope: true },
    cgg: { swept: "g", y: "gate capacitance cgg (F)", unit: "F", stored: true },
    efficiency: { swept: "g", y: "gm/id (1/V)", unit: "", slope: true, over: true },
  };
  Gummel.VIEWS = VIEWS;

  // Slope of measured points, second order inside; ends left out.
  const slopes = (c) => ({
    x: c.x.slice(1, -1),
    y: c.x.slice(1, -1).map((_, k) => {
      const i = k + 1;
      const [h0, h1] = [c.x[i] - c.x[i - 1], c.x[i + 1] - c.x[i]];
      const [s0, s1] = [(c.y[i] - c.y[i - 1]) / h0, (c.y[i + 1] - c.y[i]) / h1];
      return (h0 * s1 + h1 * s0) / (h0 + h1);
    }),
    id: c.y.slice(1, -1),
  });

  // Points and lines of a view. Slopes of the model are differences over the sweep's own step, as those of the data.
  // At a `position` of the corner plane where no device was fitted there are lines alone.
  Gummel.linesOf = (data, index, viewName, temperature, position = null, most = 6, dense = 121) => {
    const device = data.devices[index];
    const view = VIEWS[viewName];
    const found = position ? [] : choose(view.stored ? device.stored : device.curves, view.swept, temperature, most);
    const curves = found.length ? found : imagined(data, device, view.swept, temperature);
    const instance = Gummel.instance(data, index, { temperature, ...position });
    const points = [];
    const lines = [];
    curves.forEach((c, color) => {
      const [first, second] = key(c);
      const name = `${view.swept === "g" ? "vds" : "vgs"} ${plain(first)}${Math.abs(second) > 1e-3 ? ` vbs ${plain(second)}` : ""} V`;
      const step = found.length ? Math.abs(c.x[c.x.length - 1] - c.x[0]) / (c.x.length - 1) : 1e-3;
      const id = (v) => Gummel.evaluate(instance, bias(c, v)).id;
      const charge = (v) => Gummel.evaluate(instance, bias(c, v)).charges[TERMINAL.g];
      const [low, high] = [Math.min(...c.x), Math.max(...c.x)];
      const margin = view.slope ? step : 0;
      const x = steps(low + margin, high - margin, dense);
      const value = (v) => {
        if (view.stored) return (charge(v + 1e-4) - charge(v - 1e-4)) / 2e-4;
        if (!view.slope) return id(v) * data.spec.sign;
        const slope = (id(v + step) - id(v - step)) / (2 * step);
        return view.over ? Math.abs(slope / id(v)) : slope;
      };
      if (found.length) {
        const s = view.slope ? slopes(c) : { x: c.x, y: view.stored ? c.y : c.y.map((i) => i * data.spec.sign), id: c.y };
        const y = view.over ? s.y.map((g, i) => Math.abs(s.id[i]) > 10 * device.floor ? Math.abs(g / s.id[i]) : NaN) : s.y;
        const order = s.x.map((_, i) => i).sort((a, b) => s.x[a] - s.x[b]);
        points.push({ name: `${name}, data`, x: order.map((i) => s.x[i]), y: order.map((i) => y[i]), points: true, color });
      }
      lines.push({ name, x, y: x.map(value), color });
    });
    return [...points, ...lines];
  };

  Gummel.gallery = (data, host, open) => {
    const draw = (canvas) => {
      const index = Number(canvas.dataset.device);
      const temperature = nearestRoom(data.devices[index].temperatures);
      Gummel.thumbnail(canvas, Gummel.linesOf(data, index, "transfer", temperature, null, 4, 41), true);
    };
    const watcher = new IntersectionObserver((seen) => {
      for (const entry of seen) if (entry.isIntersecting) { draw(entry.target); watcher.unobserve(entry.target); }
    }, { rootMargin: "200px" });
    const canvases = data.devices.map((device, index) => {
      const canvas = make("canvas", { "data-device": String(index), "aria-hidden": "true" });
      const error = device.errors ? Gummel.percent(device.errors.rel_rms) : "";
      host.append(make("button", { class: "card", type: "button", onclick: () => open(index),
        "aria-label": `show curves of ${device.name}` }, canvas, make("span", {}, device.name), make("small", {}, error)));
      watcher.observe(canvas);
      return canvas;
    });
    return () => canvases.forEach(draw);
  };

  // Error over vgs and vds at one temperature and bulk voltage.
  Gummel.residualMap = (data, index, temperature, host) => {
    const device = data.devices[index];
    const instance = Gummel.instance(data, index, { temperature });
    const s = data.spec.sign;
    const points = [];
    for (const c of device.curves.filter((c) => Math.abs(c.t - temperature) < 1))
      c.x.forEach((v, i) => {
        const at = bias(c, v);
        const measured = s * c.y[i];
        if (Math.abs(at[3] - at[2]) > 1e-3 || measured < 10 * device.floor || s * (at[0] - at[2]) < 0.049) return;
        points.push([s * (at[1] - at[2]), s * (at[0] - at[2]), (s * Gummel.evaluate(instance, at).id) / measured - 1]);
      });
    host.replaceChildren();
    if (!points.length) {
      host.append(make("p", { class: "empty" }, "no measured points at vbs = 0 for this device and temperature"));
      return;
    }
    const sizes = points.map((p) => Math.abs(p[2])).sort((a, b) => a - b);
    const limit = Math.max(1e-4, sizes[Math.floor(0.95 * (sizes.length - 1))]);
    const canvas = make("canvas", { class: "map", role: "img", tabindex: "0",
      "aria-label": `relative error of ${device.name} over vgs and vds, largest ${Gummel.percent(sizes[sizes.length - 1])}` });
    const readout = make("p", { class: "readout", "aria-live": "polite" },
      `${points.length} points; colours to ±${Gummel.percent(limit)}; largest ${Gummel.percent(sizes[sizes.length - 1])}`);
    const bar = make("div", { class: "colorbar", "aria-hidden": "true" }, make("span", {}, `−${Gummel.percent(limit)}`),
      make("i", {}), make("span", {}, `+${Gummel.percent(limit)}`));
    bar.querySelector("i").style.background =
      `linear-gradient(90deg, ${Gummel.errorColor(-1, 1)}, ${Gummel.errorColor(0, 1)}, ${Gummel.errorColor(1, 1)})`;
    host.append(canvas, bar, readout);
    const [pen, width, height] = Gummel.pen(canvas);
    const style = getComputedStyle(document.documentElement);
    const [left, bottom, top, right] = [64, 46, 8, 10];
    const range = (k) => { const v = points.map((p) => p[k]); return [Math.min(...v), Math.max(...v)]; };
    const [[x0, x1], [y0, y1]] = [range(0), range(1)];
    // A cell is as wide as the nearest two values are apart, so that none covers another.
    const cell = (k, low, high, room) => {
      const values = [...new Set(points.map((p) => Math.round(p[k] * 1e3)))].sort((a, b) => a - b);
      const nearest = Math.min(...values.slice(1).map((v, i) => v - values[i])) / 1e3 / (high - low || 1);
      return Math.max(3, Number.isFinite(nearest) ? (room * nearest) / (1 + nearest) : 22);
    };
    const w = cell(0, x0, x1, width - left - right);
    const h = Math.min(22, cell(1, y0, y1, height - bottom - top));
    // Half a cell of margin on each side.
    const X = (v) => left + w / 2 + ((v - x0) / (x1 - x0 || 1)) * (width - left - right - w);
    const Y = (v) => height - bottom - h / 2 - ((v - y0) / (y1 - y0 || 1)) * (height - bottom - top - h);
    for (const [x, y, e] of points) {
      pen.fillStyle = Gummel.errorColor(e, limit);
      pen.fillRect(X(x) - w / 2, Y(y) - h / 2, w, h);
    }
    pen.fillStyle = style.getPropertyValue("--ink");
    pen.font = "12px system-ui";
    pen.textAlign = "center";
    for (const [v, text] of Gummel.ticks(x0, x1, 7)) pen.fillText(text, X(v), height - bottom + 18);
    pen.fillText("vgs of the n-channel mirror (V)", (width + left) / 2, height - 6);
    pen.textAlign = "right";
    for (const [v, text] of Gummel.ticks(y0, y1, 6)) pen.fillText(text, left - 8, Y(v) + 4);
    pen.save();
    pen.translate(12, height / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.fillText("vds (V)", 0, 0);
    pen.restore();
    canvas.addEventListener("pointermove", (event) => {
      const [px, py] = [event.offsetX, event.offsetY];
      const near = points.reduce((best, p) => {
        const d = (X(p[0]) - px) ** 2 + (Y(p[1]) - py) ** 2;
        return d < best[0] ? [d, p] : best;
      }, [Infinity, null])[1];
      if (near) readout.textContent = `vgs ${near[0].toFixed(3)} V, vds ${near[1].toFixed(3)} V: error ${Gummel.percent(near[2])}`;
    });
  };

  // Sliders for bias, temperature, corner and geometry; numbers and two curves through the point.
  Gummel.live = (data, host) => {
    const s = data.spec.sign;
    const state = { device: 0 };
    const numbers = make("dl", { class: "numbers", "aria-live": "polite" });
    const transfer = make("div", { class: "chart" });
    const output = make("div", { class: "chart" });
    const sliders = make("div", { class: "sliders" });
    const select = make("select", { id: "live-device", onchange: () => { state.device = Number(select.value); build(); } },
      data.devices.map((d, k) => make("option", { value: String(k) }, d.name)));
    const log = make("input", { type: "checkbox", id: "live-log", checked: true, onchange: () => show() });
    host.append(make("div", { class: "controls" }, make("label", { for: "live-device" }, "device "), select,
      make("label", { for: "live-log" }, log, " logarithmic")), sliders, numbers, make("div", { class: "pair" }, transfer, output));
    const all = data.devices.flatMap((d) => d.temperatures);
    const log10 = (f) => data.devices.map((d) => Math.log10(d.geometry[f]));

    const build = () => {
      const device = data.devices[state.device];
      const place = data.spec.devices[state.device].place;
      const [vgs, vds, vbs] = device.range;
      const top = Math.max(vds[1], vgs[1]);
      const sizes = (f) => { const l = log10(f); return [Math.min(...l), Math.max(...l)]; };
      const rows = [
        ["vgs", "vgs", -0.3 * top, 1.1 * top, 0.6 * top, (v) => `${v.toFixed(3)} V`],
        ["vds", "vds", -1.1 * top, 1.1 * top, vds[1], (v) => `${v.toFixed(3)} V`],
        ["vbs", "vbs", Math.min(vbs[0], -0.1), 0.3, 0, (v) => `${v.toFixed(3)} V`],
      ];
      if (data.abilities.temperature) rows.push(["temperature", "temperature", Math.min(...all) - 20, Math.max(...all) + 20, nearestRoom(device.temperatures), (v) => `${(v - 273.15).toFixed(0)} °C`]);
      if (data.abilities.speed) rows.push(["speed", "corner: slow to fast", -1.5, 1.5, place.speed, plain]);
      if (data.abilities.skew) rows.push(["skew", "corner: sf to fs", -1.5, 1.5, place.skew, plain]);
      if (data.abilities.geometry) {
        rows.push(["w", "width", ...sizes("w"), Math.log10(place.w), (v) => si(10 ** v, "m")]);
        rows.push(["l", "length", ...sizes("l"), Math.log10(place.l), (v) => si(10 ** v, "m")]);
      }
      sliders.replaceChildren();
      for (const [name, label, low, high, value, text] of rows) {
        state[name] = value;
        if (!(high > low)) continue;
        const out = make("output", { for: `live-${name}` }, text(value));
        const input = make("input", { type: "range", id: `live-${name}`, min: String(low), max: String(high), step: "any", value: String(value),
          oninput: () => { state[name] = Number(input.value); out.textContent = text(state[name]); later(); } });
        sliders.append(make("label", { for: `live-${name}` }, make("span", {}, label), input, out));
      }
      show();
    };

    // One drawing per frame, however fast the slider moves.
    let waiting = false;
    const later = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; show(); });
    };

    const show = () => {
      const change = {};
      for (const name of ["temperature", "speed", "skew"]) if (state[name] !== undefined) change[name] = state[name];
      const place = data.spec.devices[state.device].place;
      // An untouched slider must not change the size by a rounding of its logarithm.
      for (const name of ["w", "l"])
        if (state[name] !== undefined) change[name] = state[name] === Math.log10(place[name]) ? place[name] : 10 ** state[name];
      const instance = Gummel.instance(data, state.device, change);
      const at = (vgs, vds) => [s * vds, s * vgs, 0, s * state.vbs];
      const p = Gummel.evaluate(instance, at(state.vgs, state.vds));
      const entries = [["id", si(p.id, "A", 5)], ["gm", si(p.gm, "S", 5)], ["gds", si(p.gds, "S", 5)], ["gmb", si(p.gmb, "S", 5)],
        ["gm/id", `${plain(Math.abs(p.gm / p.id))} 1/V`], ["gm/gds", plain(p.gm / p.gds)]];
      if (data.abilities.charges) entries.push(["qg", si(p.charges[1], "C", 4)]);
      numbers.replaceChildren(...entries.map(([k, v]) => make("div", {}, make("dt", {}, k), make("dd", {}, v))));
      numbers.dataset.id = String(p.id);
      const device = data.devices[state.device];
      const current = (vgs, vds) => s * Gummel.evaluate(instance, at(vgs, vds)).id;
      const [low, high] = [Math.min(device.range[0][0], state.vgs), Math.max(device.range[0][1], state.vgs)];
      const top = Math.max(device.range[1][1], Math.abs(state.vds));
      const x = steps(low, high, 101);
      const xd = steps(Math.min(0, state.vds), top, 101);
      const isLog = log.checked;
      const view = (y) => (isLog ? y.map(Math.abs) : y);
      Gummel.chart(transfer, [
        { name: "id", x, y: view(x.map((v) => current(v, state.vds))) },
        { name: "here", x: [state.vgs], y: view([s * p.id]), points: true, color: 1 },
      ], { x: "vgs (V)", y: "drain current (A)", unit: "A", log: isLog, height: 280 });
      Gummel.chart(output, [
        { name: "id", x: xd, y: xd.map((v) => current(state.vgs, v)) },
        { name: "here", x: [state.vds], y: [s * p.id], points: true, color: 1 },
      ], { x: "vds (V)", y: "drain current (A)", unit: "A", height: 280 });
    };
    build();
  };
})();
