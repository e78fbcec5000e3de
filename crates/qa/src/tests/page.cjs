// Drives a report page in Chromium and says "all well", or what is not.
const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const { statSync } = require("node:fs");
const { chromium } = require("playwright-core");

const file = process.argv[2];
const program = process.env.GUMMEL_CHROMIUM;
const executablePath = program.includes("/") ? program : execFileSync("which", [program]).toString().trim();

const open = async (browser, options) => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (m) => { if (["error", "warning"].includes(m.type())) complaints.push(m.text()); });
  page.on("pageerror", (e) => complaints.push(String(e.stack)));
  page.on("request", (r) => { if (!/^(file|data|blob):/.test(r.url())) complaints.push(`asked for ${r.url()}`); });
  await page.goto(`file://${file}`);
  await page.waitForFunction(() => document.documentElement.dataset.ready);
  return { page, complaints };
};

const pixels = (page, host) => page.evaluate((id) => document.querySelector(`${id} canvas`).toDataURL(), host);

// Two frames: what was asked for is drawn.
const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const { page, complaints } = await open(browser, { viewport: { width: 1280, height: 900 } });

    const ready = Number(await page.evaluate(() => document.documentElement.dataset.ready));
    // Five times the target: a loaded machine must not fail a sound page. The book has the measured time.
    assert.ok(ready < 10000, `ready after ${ready} ms`);
    const distance = Number(await page.evaluate(() => document.getElementById("kernel-distance").dataset.distance));
    assert.ok(distance < 1e-9, `page and kernel differ by ${distance}`);
    assert.match(await page.evaluate(() => document.getElementById("provenance").innerText), /made on\s+2026-01-31/);

    // Densities of noise are smaller than anything else on a logarithmic axis.
    await page.evaluate(() => {
      const host = document.createElement("div");
      host.id = "faint";
      document.body.append(host);
      Gummel.chart(host, [{ name: "noise", x: [0, 1, 2], y: [1e-31, 1e-25, 3e-20] }], { x: "vgs (V)", y: "noise (A²/Hz)", log: true });
    });
    await settled(page);
    assert.ok(await page.evaluate(() => document.querySelector("#faint canvas") !== null), "a faint curve has no chart");
    await page.evaluate(() => document.getElementById("faint").remove());

    // Every slider changes the current, by pointer's event and by keyboard alike.
    const id = () => page.evaluate(() => document.querySelector("#live .numbers").dataset.id);
    for (const name of ["vgs", "vds", "vbs", "temperature", "speed", "w", "l"]) {
      const [before, drawn] = [await id(), await pixels(page, "#live")];
      const slider = page.locator(`#live-${name}`);
      await slider.focus();
      await page.keyboard.press("PageDown");
      await page.keyboard.press("ArrowUp");
      await settled(page);
      const inert = (await id()) === before && (await slider.evaluate((s) => s.value === s.min));
      if (inert) await slider.evaluate((s) => { s.value = s.max; s.dispatchEvent(new Event("input")); });
      await page.waitForTimeout(60);
      assert.notEqual(await id(), before, `the slider ${name} changes nothing`);
      // Temperature and the like move the curve by less than a pixel may show; bias and size must be seen.
      if (["vgs", "vds", "w", "l"].includes(name)) assert.notEqual(await pixels(page, "#live"), drawn, `${name} draws nothing new`);
    }

    assert.equal(await page.locator("#live-skew").count(), 0, "a slider for what the model does not heed");

    // Curves follow device, view, temperature and scale.
    let before = await pixels(page, "#curves");
    for (const [box, value] of [["#device", "5"], ["#view", "output"], ["#view", "gm"], ["#view", "gds"], ["#view", "efficiency"], ["#view", "cgg"]]) {
      await page.selectOption(box, value);
      const now = await pixels(page, "#curves");
      assert.notEqual(now, before, `${box} = ${value} draws nothing new`);
      before = now;
    }
    await page.selectOption("#temperature", { index: 1 });
    assert.notEqual(await pixels(page, "#curves"), before, "temperature");
    assert.ok((await page.locator("#map canvas").count()) === 1, "residual map");

    // A corner that was fitted is a device of its own, and a device without corners has none to choose.
    await page.selectOption("#device", "0");
    await page.selectOption("#corner", "ff");
    assert.equal(await page.inputValue("#device"), "1", "the device fitted at ff");
    assert.equal(await page.inputValue("#corner"), "ff");
    await page.selectOption("#device", "37");
    assert.ok(!(await page.locator("#corner").isVisible()), "corners of a device without");
    await page.selectOption("#device", "5");
    await page.selectOption("#view", "transfer");

    // Hovering shows values.
    const plot = await page.locator("#curves-chart .u-over").boundingBox();
    await page.locator("#curves-chart").scrollIntoViewIfNeeded();
    const seen = await page.locator("#curves-chart .u-over").boundingBox();
    await page.mouse.move(seen.x + seen.width / 2, seen.y + plot.height / 2);
    await page.waitForTimeout(60);
    const legend = await page.locator("#curves-chart .u-legend .u-value").allTextContents();
    assert.ok(legend.some((t) => /\d/.test(t)), `hover shows ${legend}`);

    // The table sorts both ways and filters.
    const column = (k) => page.locator(`#errors-table tbody tr > :nth-child(${k})`).allTextContents();
    const head = page.locator("#errors-table thead button").first();
    await head.click();
    const up = await column(1);
    await head.click();
    const down = await column(1);
    assert.deepEqual(down, [...up].reverse(), "sorting by name");
    assert.notDeepEqual(up, down);
    assert.equal(await page.locator("#errors-table th[aria-sort=descending]").count(), 1);
    await page.fill("#error-filter", "W10u");
    const kept = await column(1);
    assert.ok(kept.length > 0 && kept.length < up.length && kept.every((n) => n.includes("W10u")), `filtered to ${kept}`);
    await page.fill("#error-filter", "");

    // A card of the gallery leads to its device; a link of the benchmark card opens its check.
    await page.locator("#cards button").nth(7).click();
    assert.equal(await page.inputValue("#device"), "7");
    await page.locator('#card-table a[href="#check-gummel-symmetry"]').first().click();
    await page.waitForFunction(() => document.getElementById("check-gummel-symmetry").open);
    await page.waitForSelector("#check-gummel-symmetry canvas");
    // The same link once more, after the check was closed.
    await page.evaluate(() => { document.getElementById("check-gummel-symmetry").open = false; });
    await page.locator('#card-table a[href="#check-gummel-symmetry"]').first().click();
    await page.waitForFunction(() => document.getElementById("check-gummel-symmetry").open);
    const rows = await page.locator("#errors-table tbody tr").count();
    assert.equal(await page.locator("#errors-table tbody .verdict").count(), rows, "a verdict for every device");

    // Light and dark differ.
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.click("#theme");
    assert.notEqual(await ground(), light, "dark theme");

    // Every control has a name, and Tab goes from the skip link through all that can be seen.
    await page.evaluate(() => {
      document.addEventListener("focusin", (event) => { event.target.dataset.reached = "yes"; });
      document.querySelector(".skip").focus();
    });
    const nameless = await page.evaluate(() => [...document.querySelectorAll("button, select, input, a")]
      .filter((e) => !(e.textContent.trim() || e.getAttribute("aria-label") || (e.labels && e.labels.length))).map((e) => e.outerHTML.slice(0, 90)));
    assert.deepEqual(nameless, []);
    const unreached = () => page.evaluate(() => [...document.querySelectorAll("button, select, input, a[href], summary, [tabindex='0']")]
      .filter((e) => e.checkVisibility() && e.dataset.reached !== "yes").map((e) => e.outerHTML.slice(0, 90)));
    const controls = (await unreached()).length;
    assert.ok(controls > 150, `only ${controls} controls`);
    for (let k = 0; k < controls + 20; k++) await page.keyboard.press("Tab");
    assert.deepEqual(await unreached(), [], "Tab passes these by");
    // What has the focus is seen to have it.
    await page.focus("#theme");
    await page.keyboard.press("Shift+Tab");
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none");
    assert.equal(await page.evaluate(() => document.querySelectorAll("#provenance b").length), 0, "notes are text");
    assert.deepEqual(complaints, []);

    // Paper, from the dark page: everything is there, black on white, and nothing is cut off at the side.
    const closed = await page.locator("details.check:not([open])").count();
    await page.emulateMedia({ media: "print" });
    await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    await settled(page);
    const sections = await page.evaluate(() => [...document.querySelectorAll("main > section")].map((s) => {
      const box = s.getBoundingClientRect();
      const wide = [...s.querySelectorAll("canvas, table, svg")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > box.right + 1);
      return { id: s.id, height: box.height, canvases: s.querySelectorAll("canvas").length, wide: wide.map((e) => e.outerHTML.slice(0, 90)) };
    }));
    assert.deepEqual(sections.map((s) => s.id), ["summary", "gallery", "curves", "live", "residuals", "errors", "card", "checks", "provenance"]);
    for (const s of sections) {
      assert.ok(s.height > 60, `${s.id} is not printed`);
      assert.deepEqual(s.wide, [], `${s.id} is cut off`);
    }
    assert.ok(["gallery", "curves", "live", "residuals", "checks"].every((id) => sections.find((s) => s.id === id).canvases > 0));
    assert.equal(await ground(), "rgb(255, 255, 255)", "paper");
    const blank = () => page.evaluate(() => [...document.querySelectorAll("main canvas")].filter((c) => {
      const empty = document.createElement("canvas");
      [empty.width, empty.height] = [c.width, c.height];
      return c.toDataURL() === empty.toDataURL();
    }).length);
    assert.equal(await blank(), 0, "blank pictures on paper");
    assert.equal(await page.locator("details.check:not([open])").count(), 0, "checks are printed closed");
    await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
    await page.emulateMedia({ media: "screen" });
    assert.equal(await page.locator("details.check:not([open])").count(), closed, "the screen is as it was");
    assert.notEqual(await ground(), light, "the screen is dark again");
    assert.deepEqual(complaints, []);

    // A phone: nothing wider than the screen, with every check open too.
    const phone = await open(browser, { viewport: { width: 390, height: 800 }, deviceScaleFactor: 2, isMobile: true, colorScheme: "dark" });
    const sideways = () => phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.equal(await sideways(), 0, "scrolls sideways");
    await phone.page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
    await settled(phone.page);
    assert.equal(await sideways(), 0, "scrolls sideways with open checks");
    const beyond = await phone.page.evaluate(() => [...document.querySelectorAll("main *")].filter((e) => e.checkVisibility()
      && !e.closest(".scroll, pre, .u-wrap") && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 90)));
    assert.deepEqual(beyond, [], "wider than a phone");
    const small = await phone.page.evaluate(() => [...document.querySelectorAll("main *")].filter((e) => e.checkVisibility()
      && e.children.length === 0 && e.textContent.trim() && parseFloat(getComputedStyle(e).fontSize) < 11).map((e) => e.outerHTML.slice(0, 90)));
    assert.deepEqual(small, [], "too small to read");
    assert.deepEqual(phone.complaints, []);

    const times = [ready];
    while (times.length < 5) {
      const again = await open(browser, { viewport: { width: 1280, height: 900 } });
      times.push(Number(await again.page.evaluate(() => document.documentElement.dataset.ready)));
      await again.page.close();
    }
    times.sort((a, b) => a - b);
    const devices = await page.evaluate(() => Gummel.data.devices.length);
    console.log(`${devices} devices, ${(statSync(file).size / 1e6).toFixed(2)} MB: ready after ${times[2]} ms (median of ${times.join(", ")})`);
    console.log(`all well; ready after ${ready} ms, ${distance.toExponential(1)} from the kernel`);
  } finally {
    await browser.close();
  }
})().catch((e) => { console.error(e); process.exit(1); });
