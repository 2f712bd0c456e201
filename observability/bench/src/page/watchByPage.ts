/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { setTimeout as pause } from "node:timers/promises";
import { chromium, type Browser } from "playwright-core";

export interface PageVisit {
  /** From giving the photo until the page shows its last answer, as a script in the page measures it. */
  allMs: number;
  /** What the page itself says of that: "1.3 s". */
  told: string;
  headline: string;
  elements: number;
  /** Of all of the browser's processes meanwhile. */
  processorMs: number;
}

/** What goes on after a page is loaded is over by then: fonts, announcements, the first looks at the server. */
const SETTLE_MS = 1_000;

/** @throws Error where there is no Chromium (CHROMIUM) */
export async function openChromium(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM"];
  return chromium.launch({ args: ["--no-sandbox"], ...(executablePath ? { executablePath } : {}) });
}

/** Opens the page, gives it the photo as a person does, and waits for the last answer; the page is closed again. */
export async function watchByPage(browser: Browser, url: string, file: string): Promise<PageVisit> {
  const viewport = { width: 1_440, height: 900 };
  const context = await browser.newContext({ viewport, reducedMotion: "reduce", locale: "en-GB" });
  try {
    const page = await context.newPage();
    await page.goto(url, { waitUntil: "load" });
    await pause(SETTLE_MS);
    const before = await processorMsOf(browser);
    // Both are told of before anything is given.
    const complete = page.evaluate(untilComplete);
    await page.setInputFiles("input[type=file]", file);
    const seen = await complete;
    return { ...seen, processorMs: (await processorMsOf(browser)) - before };
  } finally {
    await context.close();
  }
}

/** In the page: two of its figures are known once nothing more comes. */
function untilComplete(): Promise<Omit<PageVisit, "processorMs">> {
  let givenAtMs = Number.NaN;
  addEventListener("change", () => (givenAtMs = performance.now()), { capture: true, once: true });
  return new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      const figures = [...document.querySelectorAll('.fall-figure[data-known="true"]')];
      const everything = figures.find((figure) => figure.textContent.startsWith("Everything"));
      if (!everything) return;
      observer.disconnect();
      resolve({
        allMs: performance.now() - givenAtMs,
        told: everything.querySelector("b")?.textContent ?? "",
        headline: document.querySelector("h1")?.textContent ?? "",
        elements: document.querySelectorAll("*").length,
      });
    }).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-known"] });
  });
}

async function processorMsOf(browser: Browser): Promise<number> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
  await devtools.detach();
  return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime * 1_000, 0);
}
