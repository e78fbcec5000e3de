// Tables: errors of devices (sorted and filtered), the card, the checks with their pictures, provenance.
(() => {
  const { make, plain, percent, si } = Gummel;

  const COLUMNS = [
    ["device", (d) => d.name, (v) => v],
    ["may it be used", (d) => d.standing?.rank ?? -1, (_, d) => (d.standing ? [Gummel.verdict(d.standing.verdict), d.standing.why ? make("small", {}, ` ${d.standing.why}`) : null] : "–")],
    ["W", (d) => d.geometry.w, (v) => si(v, "m")],
    ["L", (d) => d.geometry.l, (v) => si(v, "m")],
    ["corner", (d) => d.corner || "", (v) => v],
    ["points", (d) => d.points, String],
    ["rel. rms", (d) => d.errors?.rel_rms, percent],
    ["median", (d) => d.errors?.median_rel, percent],
    ["decades", (d) => d.errors?.log10_rms, plain],
    ["nrmse", (d) => d.errors?.nrmse, percent],
    ["gm", (d) => d.gm, percent],
    ["gds", (d) => d.gds, percent],
  ];

  // The worst that is said of a device over all its corners.
  const RANKS = ["usable", "warnings", "not_judged", "not_usable"];
  const standing = (data, name) => {
    const all = data.standings.filter((s) => s.device === name);
    const worst = all.reduce((a, b) => (a && RANKS.indexOf(a.verdict) >= RANKS.indexOf(b.verdict) ? a : b), null);
    if (!worst) return null;
    const names = [...worst.failing, ...worst.warnings].join(", ");
    return { verdict: worst.verdict, rank: RANKS.indexOf(worst.verdict), why: names && worst.corner ? `at ${worst.corner}: ${names}` : names };
  };

  Gummel.errorTable = (data, host, open) => {
    let [column, down, words] = [6, true, ""];
    const devices = data.devices.map((d) => ({ ...d, standing: standing(data, d.name) }));
    const body = make("tbody");
    const count = make("span", { class: "count", "aria-live": "polite" });
    const heads = COLUMNS.map(([title], k) =>
      make("th", { scope: "col" }, make("button", { type: "button", onclick: () => {
        down = column === k ? !down : k === 1 || k > 4;
        column = k;
        fill();
      } }, title)));
    const fill = () => {
      const value = (d) => COLUMNS[column][1](d);
      const rank = (v) => (v === null || v === undefined ? -Infinity : v);
      const order = (a, b) => (typeof value(a.d) === "string" ? value(a.d).localeCompare(value(b.d), undefined, { numeric: true }) : rank(value(a.d)) - rank(value(b.d)));
      const rows = devices.map((d, index) => ({ d, index }))
        .filter(({ d }) => words.split(/\s+/).every((w) => `${d.name} ${d.site} ${d.corner || ""}`.toLowerCase().includes(w)))
        .sort((a, b) => (down ? -1 : 1) * order(a, b));
      heads.forEach((h, k) => h.setAttribute("aria-sort", k !== column ? "none" : down ? "descending" : "ascending"));
      body.replaceChildren(...rows.map(({ d, index }) => make("tr", {}, COLUMNS.map(([, read, show], k) =>
        k === 0 ? make("th", { scope: "row" }, make("button", { type: "button", class: "link", onclick: () => open(index) }, d.name))
          : make("td", {}, show(read(d), d) ?? "–")))));
      count.textContent = `${rows.length} of ${data.devices.length} devices`;
    };
    const filter = make("input", { type: "search", id: "error-filter", placeholder: "e.g. W10u ff", oninput: () => { words = filter.value.trim().toLowerCase(); fill(); } });
    host.append(make("div", { class: "controls" }, make("label", { for: "error-filter" }, "filter "), filter, count),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "errors per device" },
        make("table", { id: "errors-table" }, make("thead", {}, make("tr", {}, heads)), body)));
    fill();
  };

  Gummel.card = (data, host) => {
    const row = (r) => make("tr", {}, make("td", {}, String(r.number)), make("th", { scope: "row" }, r.title), make("td", {}, Gummel.verdict(r.answer)),
      make("td", {}, r.evidence.map((e, k) => [k ? ", " : "", make("a", { href: `#check-${e.check}` }, e.check), ` ${Gummel.words(e.verdict)}${e.number === null ? "" : ` (${plain(e.number)})`}`]).flat(),
        r.remark ? make("small", {}, r.evidence.length ? ` — ${r.remark}` : r.remark) : ""));
    host.append(make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "card of the benchmark" },
      make("table", { id: "card-table" }, make("thead", {}, make("tr", {}, ["", "asked", "answer", "evidence"].map((t) => make("th", { scope: "col" }, t)))),
        make("tbody", {}, data.card.map(row)))));
  };

  const where = (c) => {
    if (c.number === null) return c.remark;
    const corner = c.corner ? ` ${c.corner}` : "";
    const names = ["vd", "vg", "vs", "vb"];
    const volts = c.worst ? names.map((n, k) => `${n} ${plain(Math.round(c.worst[k] * 1e3) / 1e3 + 0)}`).join(" ") : "";
    return `${c.device}, ${Gummel.celsius(c.temperature)}${corner}${volts ? `, ${volts} V` : ""}${c.remark ? ` (${c.remark})` : ""}`;
  };

  Gummel.checks = (data, host) => {
    const opened = [];
    const drawings = new Map();
    for (const c of data.checks) {
      const chart = make("div", { class: "chart" });
      const details = make("details", { id: `check-${c.name}`, class: "check" },
        make("summary", {}, Gummel.verdict(c.verdict), make("b", {}, c.title),
          make("span", { class: "number" }, c.worst.number === null ? "–" : `${plain(c.worst.number)} ${c.unit}`), make("small", {}, `bound ${c.boundText}`)),
        make("p", {}, make("code", {}, c.name), `: ${c.definition}.`), make("p", {}, make("b", {}, c.worst.number === null && c.verdict !== "fail" ? "Why: " : "Worst: "), where(c.worst)),
        c.passed + c.failed ? make("p", {}, `${c.passed} of ${c.passed + c.failed} cases pass. `, spread(c)) : null,
        make("p", { class: "source" }, `Source: ${c.source}.`), c.picture ? chart : null);
      // A closed element has no width: its chart is drawn when it opens.
      drawings.set(details, () => { if (c.picture) picture(chart, c.picture); });
      details.addEventListener("toggle", () => { if (details.open) drawings.get(details)(); });
      host.append(details);
    }
    const reveal = () => {
      const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (target?.tagName === "DETAILS") target.open = true;
    };
    window.addEventListener("hashchange", reveal);
    // A link to where the page already is changes no hash.
    document.addEventListener("click", (event) => {
      if (event.target.closest?.("a[href^='#check-']")?.hash === location.hash) reveal();
    });
    // The event of an opened element comes later than the printer.
    Gummel.openChecks = () => drawings.forEach((draw, details) => {
      if (!details.open) opened.push(details);
      details.open = true;
      draw();
    });
    Gummel.closeChecks = () => opened.splice(0).forEach((details) => { details.open = false; });
    reveal();
  };

  const picture = (host, p) =>
    Gummel.chart(host, p.traces.map((t) => ({ name: t.name, x: t.x, y: t.y.map((v) => v ?? NaN), points: t.style === "points", bound: t.style === "bound" })),
      { x: p.x, y: p.y, log: p.log, height: 260, unit: (p.y.match(/\(([ACFSV])\)$/) || [])[1] || "" });

  // The failed cases by device, as far as a reader wants to read.
  const spread = (c) => {
    const failed = [...new Set(c.cases.filter((x) => x[3] === "fail").map((x) => x[0]))];
    return failed.length ? `Failing: ${failed.slice(0, 12).join(", ")}${failed.length > 12 ? ` and ${failed.length - 12} more` : ""}.` : "";
  };

  Gummel.summary = (data, host) => {
    const count = (list, field, value) => list.filter((c) => c[field] === value).length;
    const tile = (title, value, note, kind = "") => make("div", { class: `tile ${kind}` }, make("small", {}, title), make("b", {}, value), make("span", {}, note));
    const m = data.metrics;
    const failed = count(data.checks, "verdict", "fail");
    const temperatures = [...new Set(data.devices.flatMap((d) => d.temperatures).map((t) => Math.round(t - 273.15)))].sort((a, b) => a - b);
    const usable = (verdict) => count(data.standings, "verdict", verdict);
    host.append(
      tile("may be used", `${usable("usable") + usable("warnings")} of ${data.standings.length}`, `${usable("warnings")} with warnings, ${usable("not_usable")} not, ${usable("not_judged")} not judged`, usable("not_usable") ? "fail" : usable("not_judged") ? "" : "pass"),
      tile("checks", `${count(data.checks, "verdict", "pass")} pass, ${failed} fail`, `${count(data.checks, "verdict", "not_modelled")} not modelled, ${count(data.checks, "verdict", "not_tested")} not tested`, failed ? "fail" : "pass"),
      tile("benchmark of 2025", `${count(data.card, "answer", "pass")} of 21 rows`, `${count(data.card, "answer", "in_part")} in part, ${count(data.card, "answer", "fail")} fail, ${count(data.card, "answer", "not_modelled") + count(data.card, "answer", "not_tested")} neither`),
      tile("devices", String(data.devices.length), `${temperatures.join(", ")} °C`));
    if (m.rel_rms) host.append(tile("current, relative rms", percent(m.rel_rms.median), `median over devices, worst ${percent(m.rel_rms.worst)}`));
    if (m.log10_rms) host.append(tile("current, decades", plain(m.log10_rms.median), `median over devices, worst ${plain(m.log10_rms.worst)}`));
    if (m.gm_rel_l2) host.append(tile("gm", percent(m.gm_rel_l2.median), `worst ${percent(m.gm_rel_l2.worst)}`));
    if (m.gds_rel_l2) host.append(tile("gds", percent(m.gds_rel_l2.median), `worst ${percent(m.gds_rel_l2.worst)}`));
  };

  Gummel.provenance = (data, host) => {
    const entry = (k, v) => [make("dt", {}, k), make("dd", {}, v)];
    const distance = Gummel.distanceFromKernel(data);
    host.append(make("dl", { class: "facts" }, entry("model by", `gummel ${data.gummel}`), entry("made on", data.created || "not recorded"), entry("page by", `gummel ${data.pageBy}`),
      entry("numbers of the model", make("code", {}, `blake3 ${data.weights}`)), entry("seed", String(data.seed)), data.notes ? entry("notes", data.notes) : [],
      entry("evaluation in this page", make("span", { id: "kernel-distance", "data-distance": String(distance) }, `differs from the kernel by at most ${distance.toExponential(1)} (relative, ${data.proof.length} biases)`))),
      make("h3", {}, `Data files (${data.files.length})`),
      make("div", { class: "scroll files", tabindex: "0", role: "region", "aria-label": "data files" }, make("table", {}, make("tbody", {}, data.files.map((f) => make("tr", {}, make("td", {}, f.path), make("td", {}, f.blake3 ? make("code", {}, f.blake3) : "inside another file of this list")))))),
      make("h3", {}, "Recipe"), make("pre", { tabindex: "0" }, data.config));
  };
})();
