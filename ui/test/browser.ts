import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { onTestFailed } from "vitest";

/** A Chromium of this machine: CHROMIUM, or on the PATH; `npm test` obtains one. */
export const CHROMIUM = [
  process.env["CHROMIUM"],
  ...(process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name))),
].find((path): path is string => path !== undefined && path !== "" && existsSync(path));

export const PHOTOS = fileURLToPath(new URL("../../models/samples/photos", import.meta.url));
export const photo = (name: string): string => join(PHOTOS, `${name}.jpg`);

const SCREENSHOTS = fileURLToPath(new URL("../screenshots", import.meta.url));
const SITE = fileURLToPath(new URL("../dist/site/index.html", import.meta.url));

export async function openBrowser(): Promise<Browser> {
  if (!existsSync(SITE)) throw new Error("the page is not built: npm run build");
  return chromium.launch({
    executablePath: CHROMIUM!,
    args: ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  });
}

/** A page of its own visit, and what went wrong in it: script errors and what the security policy stopped. */
export interface Visit {
  page: Page;
  problems: string[];
}

export const DESKTOP = { viewport: { width: 1440, height: 900 } } as const;
export const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 3,
  isMobile: true,
  hasTouch: true,
} as const;

export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ locale: "en-GB", ...DESKTOP, ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    // A request that fails is the subject of some tests; what the page makes of it is what they look at.
    if (message.type() === "error" && !/Failed to load resource|WebSocket connection/.test(message.text())) {
      problems.push(message.text());
    }
  });
  await page.addInitScript(() =>
    addEventListener("securitypolicyviolation", (event) =>
      console.error(`the policy stopped ${event.violatedDirective}: ${event.blockedURI}`),
    ),
  );
  onTestFailed(() => tellWhatIsShown(page, problems));
  await page.goto(url);
  // Chromium drops what is dragged or pressed before a page's first frame.
  await page.evaluate(
    () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
  );
  return { page, problems };
}

/** A failure on a machine that nobody can look at is told by what the page showed. */
async function tellWhatIsShown(page: Page, problems: string[]): Promise<void> {
  const shown = await page
    .locator("body")
    .innerText({ timeout: 5_000 })
    .catch((error: Error) => `nothing: ${error.message}`);
  const focused = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200)).catch(() => "?");
  console.error(`${page.url()} showed, focus on ${focused}, problems ${JSON.stringify(problems)}:\n${shown}`);
}

/** Chooses files as a person does, by the page's own file field. */
export async function give(page: Page, ...paths: string[]): Promise<void> {
  await page.setInputFiles("input[type=file]", paths);
}

/** Written for eyes, never compared: looked at by whoever changes the page. */
export async function screenshot(
  page: Page,
  name: string,
  options: { fullPage?: boolean } = {},
): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), ...options });
}

/** What axe finds against WCAG 2.2 A and AA, one line each. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // Colours are judged as they stay, not in the middle of a transition.
  await page.waitForFunction(() =>
    document.getAnimations().every((animation) => animation.playState !== "running"),
  );
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    return (await axe.run(document, { runOnly: { type: "tag", values: tags } })).violations;
  });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`),
  );
}
