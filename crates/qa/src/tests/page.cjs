// Drives a report page in Chromium and says "all well", or what is not.
const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
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

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const { page, complaints } = await open(browser, { viewport: { width: 1280, height: 900 } });

    const ready = Number(await page.evaluate(() => document.documentElement.dataset.ready));
    // Five times the target: a loaded machine must not fail a sound page. The book has the measured time.
    assert.ok(ready < 10000, `ready after ${ready} ms`);
    const distance = Number(await page.evaluate(() => document.getElementById("kernel-distance").dataset.distance));
    assert.ok(distance < 1e-9, `page and kernel differ by ${distance}`);

    // Every slider changes the current, by pointer's event and by keyboard alike.
    const id = () => page.evaluate(() => document.querySelector("#live .numbers").dataset.id);
    for (const name of ["vgs", "vds", "vbs", "temperature", "speed", "w", "l"]) {
      const [before, drawn] = [await id(), await pixels(page, "#live")];
      const slider = page.locator(`#live-${name}`);
      await slider.focus();
      await page.keyboard.press("PageDown");
      await page.keyboard.press("ArrowUp");
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
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
    for (const [box, value] of [["#device", "5"], ["#view", "output"], ["#view", "gm"], ["#view", "gds"], ["#view", "efficiency"]]) {
      await page.selectOption(box, value);
      const now = await pixels(page, "#curves");
      assert.notEqual(now, before, `${box} = ${value} draws nothing new`);
      before = now;
    }
    await page.selectOption("#temperature", { index: 1 });
    assert.notEqual(await pixels(page, "#curves"), before, "temperature");
    assert.ok((await page.locator("#map canvas").count()) === 1, "residual map");

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

    // Light and dark differ.
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.click("#theme");
    assert.notEqual(await ground(), light, "dark theme");

    // Every control has a name, and Tab goes on from the skip link through all of them.
    await page.evaluate(() => { document.querySelector(".skip").focus(); });
    const nameless = await page.evaluate(() => [...document.querySelectorAll("button, select, input, a")]
      .filter((e) => !(e.textContent.trim() || e.getAttribute("aria-label") || (e.labels && e.labels.length))).map((e) => e.outerHTML.slice(0, 90)));
    assert.deepEqual(nameless, []);
    const reached = new Set();
    for (let k = 0; k < 40; k++) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement.tagName + document.activeElement.id));
    }
    assert.ok(reached.has("BUTTONtheme") && reached.size > 2, `Tab reached ${[...reached]}`);
    assert.equal(await page.evaluate(() => document.querySelectorAll("#provenance b").length), 0, "notes are text");
    assert.deepEqual(complaints, []);

    // A phone: nothing wider than the screen.
    const phone = await open(browser, { viewport: { width: 390, height: 800 }, deviceScaleFactor: 2, isMobile: true, colorScheme: "dark" });
    assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, "scrolls sideways");
    assert.deepEqual(phone.complaints, []);
    console.log(`all well; ready after ${ready} ms, ${distance.toExponential(1)} from the kernel`);
  } finally {
    await browser.close();
  }
})().catch((e) => { console.error(e); process.exit(1); });
