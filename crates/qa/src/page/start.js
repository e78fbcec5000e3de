// Puts the sections together once the page is there.
(() => {
  const { make } = Gummel;
  const byId = (id) => document.getElementById(id);

  const explorer = (data) => {
    const device = byId("device");
    const view = byId("view");
    const temperature = byId("temperature");
    const corner = byId("corner");
    const log = byId("log");
    if (!data.abilities.charges) view.querySelector("[value=cgg]").remove();
    data.devices.forEach((d, k) => device.append(make("option", { value: String(k) }, d.name)));
    const show = () => {
      const index = Number(device.value);
      const kelvin = Number(temperature.value);
      const v = Gummel.VIEWS[view.value];
      const chosen = Gummel.cornersOf(data, index).find((c) => c.name === corner.value);
      const position = chosen && data.devices[index].corner !== chosen.name ? chosen.position : null;
      Gummel.chart(byId("curves-chart"), Gummel.linesOf(data, index, view.value, kelvin, position),
        { x: v.swept === "g" ? "gate voltage (V)" : "drain voltage (V)", y: v.y, unit: v.unit, log: log.checked, height: 420 });
      Gummel.residualMap(data, index, kelvin, byId("map"));
    };
    const temperatures = () => {
      const d = data.devices[Number(device.value)];
      const room = Gummel.nearestRoom(d.temperatures);
      temperature.replaceChildren(...d.temperatures.map((t) => make("option", { value: String(t), selected: t === room }, Gummel.celsius(t))));
    };
    const corners = () => {
      const index = Number(device.value);
      const all = Gummel.cornersOf(data, index);
      const own = data.devices[index].corner;
      byId("corner-label").hidden = all.length < 2;
      corner.replaceChildren(...all.map((c) => make("option", { value: c.name, selected: c.name === own }, c.fitted < 0 ? `${c.name}, not fitted` : c.name)));
    };
    const choose = () => { temperatures(); corners(); show(); };
    device.addEventListener("change", choose);
    // A corner that was fitted is a device of its own, with data; another one is where the model moves the device.
    corner.addEventListener("change", () => {
      const { fitted } = Gummel.cornersOf(data, Number(device.value)).find((c) => c.name === corner.value);
      if (fitted >= 0) {
        const kelvin = temperature.value;
        device.value = String(fitted);
        temperatures();
        if ([...temperature.options].some((o) => o.value === kelvin)) temperature.value = kelvin;
        corners();
      }
      show();
    });
    view.addEventListener("change", () => { log.checked = view.value === "transfer"; show(); });
    temperature.addEventListener("change", show);
    log.addEventListener("change", show);
    choose();
    const open = (index) => {
      device.value = String(index);
      choose();
      byId("curves").scrollIntoView();
      device.focus({ preventScroll: true });
    };
    return { open, show };
  };

  const theme = (redraw) => {
    const button = byId("theme");
    const dark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const label = () => { button.textContent = dark() ? "light" : "dark"; };
    button.addEventListener("click", () => {
      document.documentElement.dataset.theme = dark() ? "light" : "dark";
      label();
      redraw();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { label(); redraw(); });
    label();
  };

  // Paper is narrow and white, and shows what a screen shows on request.
  const printing = (redraw) => {
    const root = document.documentElement;
    let theme;
    window.addEventListener("beforeprint", () => {
      theme = root.dataset.theme;
      root.dataset.theme = "light";
      root.classList.add("printing");
      redraw();
      Gummel.openChecks();
    });
    window.addEventListener("afterprint", () => {
      if (theme) root.dataset.theme = theme;
      else delete root.dataset.theme;
      root.classList.remove("printing");
      Gummel.closeChecks();
      redraw();
    });
  };

  const start = () => {
    const data = JSON.parse(byId("gummel-data").textContent);
    Gummel.data = data;
    Gummel.summary(data, byId("tiles"));
    const { open, show } = explorer(data);
    const gallery = Gummel.gallery(data, byId("cards"), open);
    Gummel.live(data, byId("live-host"));
    Gummel.errorTable(data, byId("errors-host"), open);
    Gummel.card(data, byId("card-host"));
    Gummel.checks(data, byId("checks-host"));
    Gummel.provenance(data, byId("provenance-host"));
    const redraw = () => { show(); gallery(); Gummel.redrawAll(); };
    theme(redraw);
    printing(redraw);
    let timer = 0;
    let width = innerWidth;
    window.addEventListener("resize", () => {
      // A phone's address bar changes the height alone.
      if (innerWidth === width) return;
      width = innerWidth;
      clearTimeout(timer);
      timer = setTimeout(redraw, 120);
    });
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
