// Numbers as engineers read them, and small makers of elements.
(() => {
  const PREFIXES = { "-18": "a", "-15": "f", "-12": "p", "-9": "n", "-6": "µ", "-3": "m", 0: "", 3: "k", 6: "M" };

  // 1.234e-7 with three digits and unit A: "123 nA".
  Gummel.si = (value, unit = "", digits = 3) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    if (value === 0) return `0 ${unit}`.trim();
    const power = Math.max(-18, Math.min(6, Math.floor(Math.log10(Math.abs(value)) / 3 + 1e-9) * 3));
    return `${Number((value / 10 ** power).toPrecision(digits))} ${PREFIXES[power]}${unit}`.trim();
  };

  // Three digits without prefix; tiny and huge ones with an exponent.
  Gummel.plain = (value) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2);
    return String(Number(value.toPrecision(3)));
  };

  Gummel.percent = (fraction) =>
    fraction === null || fraction === undefined ? "–" : `${Gummel.plain(100 * fraction)} %`;

  Gummel.celsius = (kelvin) => `${Math.round(kelvin - 273.15)} °C`;

  Gummel.words = (verdict) => ({ not_modelled: "not modelled", not_tested: "not tested", in_part: "pass in part", warnings: "usable with warnings", not_usable: "not usable", not_judged: "not judged" })[verdict] || verdict;

  // An element with attributes, texts and children.
  Gummel.make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes))
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
    for (const child of children.flat()) if (child !== null) element.append(child);
    return element;
  };

  Gummel.verdict = (verdict) =>
    Gummel.make("span", { class: `verdict ${verdict}` }, Gummel.words(verdict));
})();
