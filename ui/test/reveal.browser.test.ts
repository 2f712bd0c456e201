import type { MessageInitShape, ResultSchema } from "@similarfaces/contracts";
import { newJobId } from "@similarfaces/contracts";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMesh, type Mesh } from "../../gateway/test/meshFixture.js";
import { CHROMIUM, PHONE, accessibilityFaults, give, openBrowser, photo, screenshot, visit } from "./browser";
import { startGatewayProcess } from "./gatewayProcess";
import { FOUR } from "./playedAnalyzers";
import { answersOf, extractOf } from "./playedStages";

const poll = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 20_000 });

/**
 * The page on the real gateway and broker, with the stages played by the test: what comes when is exact, so that every state in
 * between can be seen.
 */
describe.skipIf(!CHROMIUM)("the reveal (needs Chromium: CHROMIUM)", () => {
  let mesh: Mesh;
  let browser: Browser;
  beforeAll(async () => {
    mesh = await startMesh();
    for (const announcement of FOUR) await mesh.analyzers.announce(announcement);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await mesh?.stop();
  });

  const publish = async (...results: MessageInitShape<typeof ResultSchema>[]) => {
    for (const result of results) await mesh.publish(result);
  };
  /** Sends the photo as a person does; resolves with its job. */
  const send = async (page: Page, name: string): Promise<string> => {
    await give(page, photo(name));
    await page.waitForURL(/\/jobs\//);
    return page.url().split("/").pop()!;
  };
  const fieldsOf = (page: Page, face: number) =>
    page
      .locator(`[data-face="${face}"] .field`)
      .evaluateAll((fields) =>
        Object.fromEntries(
          fields.map((field) => [field.getAttribute("data-stage"), field.getAttribute("data-state")]),
        ),
      );
  const untilField = (page: Page, face: number, stage: string, state: string) =>
    page.locator(`[data-face="${face}"] .field[data-stage="${stage}"][data-state="${state}"]`).waitFor();

  it("shows the photo at once, boxes first, then each answer in the place kept for it", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    const jobId = await send(page, "group-4");
    await page.locator(".photo > img").waitFor();
    await poll(() => page.locator("h1").innerText()).toBe("Looking for faces");
    expect(await page.locator(".box").count()).toBe(0);
    await screenshot(page, "1-sent");

    await publish(extractOf(jobId, 4));
    await page.locator(".box").nth(3).waitFor();
    expect(await page.locator("h1").innerText()).toBe("4 faces");
    expect(await fieldsOf(page, 0)).toEqual({
      age: "pending",
      gender: "pending",
      emotion: "pending",
      race: "pending",
      match: "pending",
      // Comes with the boxes.
      quality: "done",
    });
    const height = (face: number) =>
      page.locator(`[data-face="${face}"]`).evaluate((card) => card.getBoundingClientRect().height);
    const emptyHeight = await height(0);
    await screenshot(page, "2-boxes");

    const { age, gender, race, emotion, embed, match } = answersOf(jobId, 0);
    await publish(age);
    await untilField(page, 0, "age", "done");
    expect(await page.locator('[data-face="0"]').innerText()).toContain("Looks 31");
    expect(await fieldsOf(page, 0)).toMatchObject({ age: "done", gender: "pending", match: "pending" });
    expect(await fieldsOf(page, 1)).toMatchObject({ age: "pending" });
    // At the face itself too.
    await poll(() => page.locator(".box-tag").first().innerText()).toContain("looks 31");
    await screenshot(page, "3-age");

    await publish(gender, emotion);
    await untilField(page, 0, "emotion", "done");
    await screenshot(page, "4-emotion");
    await publish(race, embed, match);
    await untilField(page, 0, "match", "done");
    await screenshot(page, "5-match");
    expect(Math.abs((await height(0)) - emptyHeight)).toBeLessThan(2);
    expect(await page.locator('[data-face="0"] .similar-face').count()).toBe(5);

    for (const face of [1, 2, 3]) await publish(...Object.values(answersOf(jobId, face)));
    await page.locator('.fall-figure[data-known="true"]').nth(1).waitFor();
    expect(await page.locator(".box-dot").count()).toBe(0);
    await screenshot(page, "6-complete");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("says in words what failed, what did not come in time and what is switched off", async () => {
    const gateway = await mesh.another({ JOB_DEADLINE_MS: "4000" });
    const { page, problems } = await visit(browser, gateway.url);
    await page.locator('.welcome-stages [data-stage="race"]').waitFor();
    await mesh.analyzers.withdraw("race");
    await page.locator('.welcome-stages [data-stage="race"]').waitFor({ state: "detached" });
    const jobId = await send(page, "portrait-1");
    await publish(extractOf(jobId, 1), {
      jobId,
      stage: "age",
      face: 0,
      outcome: {
        case: "failure",
        value: { code: "model_failed", message: "The model could not compute this.", retryable: true },
      },
    });
    await untilField(page, 0, "match", "expired");
    expect(await fieldsOf(page, 0)).toEqual({
      age: "failed",
      gender: "expired",
      emotion: "expired",
      race: "off",
      match: "expired",
      quality: "done",
    });
    const card = await page.locator('[data-face="0"]').innerText();
    expect(card).toContain("Could not be computed. The model could not compute this.");
    expect(card).toContain("No answer in time.");
    expect(card).toContain("Not asked for this photo.");
    await screenshot(page, "fields-without-an-answer");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(problems).toEqual([]);
    await mesh.analyzers.announce(FOUR.find(({ name }) => name === "race")!);
    await page.context().close();
  });

  it("shows what reaches it after it gave up waiting", async () => {
    const gateway = await mesh.another({ JOB_DEADLINE_MS: "1000" });
    const { page } = await visit(browser, gateway.url);
    const held: (() => void)[] = [];
    let isHeld = false;
    await page.routeWebSocket(/\/v1\/live/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => server.send(message));
      server.onMessage((message) => {
        if (isHeld) held.push(() => socket.send(message));
        else socket.send(message);
      });
    });
    await page.reload();
    const jobId = await send(page, "portrait-1");
    await publish(extractOf(jobId, 1));
    await page.locator(".box").waitFor();
    isHeld = true;
    await publish(...Object.values(answersOf(jobId, 0)));
    await untilField(page, 0, "age", "expired");
    isHeld = false;
    for (const release of held) release();
    await untilField(page, 0, "age", "done");
    await untilField(page, 0, "match", "done");
    await page.context().close();
  });

  it("goes on after a reload, from another tab, and with the back button", async () => {
    const { page } = await visit(browser, mesh.url);
    const jobId = await send(page, "portrait-1");
    await publish(extractOf(jobId, 1), answersOf(jobId, 0).age);
    await untilField(page, 0, "age", "done");
    await page.reload();
    await untilField(page, 0, "age", "done");
    await untilField(page, 0, "gender", "pending");
    await publish(answersOf(jobId, 0).gender);
    await untilField(page, 0, "gender", "done");
    await page.goBack();
    await page.locator(".welcome").waitFor();
    await page.goForward();
    await untilField(page, 0, "gender", "done");
    // The filmstrip of the visit is still there.
    expect(await page.locator(".film-frame").count()).toBe(1);
    await page.context().close();
  });

  it("takes simpler ways where sockets, and then streams, are kept from it", async () => {
    for (const [without, expected] of [
      ["sockets", "/events"],
      ["sockets and streams", ""],
    ] as const) {
      const { page } = await visit(browser, mesh.url);
      await page.routeWebSocket(/\/v1\/live/, (socket) => void socket.close());
      if (without === "sockets and streams") await page.route(/\/events/, (route) => route.abort());
      const asked: string[] = [];
      page.on("request", (request) => asked.push(new URL(request.url()).pathname));
      await page.reload();
      const jobId = await send(page, "portrait-1");
      await publish(extractOf(jobId, 1), ...Object.values(answersOf(jobId, 0)));
      await untilField(page, 0, "match", "done");
      await page.locator('.fall-figure[data-known="true"]').nth(1).waitFor();
      expect(asked, without).toContain(`/v1/jobs/${jobId}${expected}`);
      // Who has announced itself is asked for instead of told.
      expect(asked, without).toContain("/v1/analyzers");
      await page.context().close();
    }
  });

  it("resumes when the network drops and comes back, and when the server restarts", async () => {
    const gateway = await startGatewayProcess(mesh.server.url);
    const { page } = await visit(browser, gateway.url);
    const jobId = await send(page, "portrait-1");
    await publish(extractOf(jobId, 1));
    await page.locator(".box").waitFor();
    await page.context().setOffline(true);
    await publish(answersOf(jobId, 0).age);
    await page.context().setOffline(false);
    await untilField(page, 0, "age", "done");

    await gateway.kill();
    await page.getByText("No connection to the server.").waitFor();
    await publish(answersOf(jobId, 0).gender);
    await screenshot(page, "no-connection");
    await gateway.start();
    await untilField(page, 0, "gender", "done");
    await publish(answersOf(jobId, 0).race);
    await untilField(page, 0, "race", "done");
    expect(await page.getByText("No connection to the server.").count()).toBe(0);
    await page.context().close();
    await gateway.kill();
  });

  it("keeps a photo that cannot be sent, and sends it when the server is there again", async () => {
    const gateway = await startGatewayProcess(mesh.server.url);
    const { page } = await visit(browser, gateway.url);
    await gateway.kill();
    await give(page, photo("portrait-1"));
    await page.getByText("The photo could not be sent yet.").waitFor();
    await gateway.start();
    await page.waitForURL(/\/jobs\//);
    await page.context().close();
    await gateway.kill();
  });

  it("has bars and edges that stand out 3:1 from what they lie on, light and dark", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { page } = await visit(browser, mesh.url, { colorScheme });
      // Whichever hue an analyzer may have.
      const hues = Array.from({ length: 72 }, (_, index) => index * 5);
      const contrasts = await page.evaluate(contrastsOf, { hues, grounds: ["--surface", "--surface-sunk"] });
      for (const { colour, ground, ratio } of contrasts) {
        expect(ratio, `${colour} on ${ground}, ${colorScheme}`).toBeGreaterThan(3);
      }
      await page.context().close();
    }
  });

  it("says when and why a job is gone, and what an address is that never was", async () => {
    const { page } = await visit(browser, `${mesh.url}/jobs/${newJobId(Date.now() - 3_600_000)}`);
    await page.getByText(/This job expired and was deleted at \d/).waitFor();
    await page.getByText("are kept for 10 min and then deleted", { exact: false }).waitFor();
    await screenshot(page, "expired");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.goto(`${mesh.url}/jobs/nonsense`);
    await page.getByText("There is no such job.").waitFor();
    await page.goto(`${mesh.url}/jobs/${newJobId(Date.now())}`);
    await page.getByText("There is no such job.").waitFor();
    await page.context().close();
  });

  it("shows the receipt of a deletion, and tells who else is watching", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    const jobId = await send(page, "portrait-1");
    await publish(extractOf(jobId, 1), ...Object.values(answersOf(jobId, 0)));
    await untilField(page, 0, "match", "done");
    const other = await visit(browser, page.url());
    await untilField(other.page, 0, "match", "done");

    await page.keyboard.press("Delete");
    await page.getByRole("dialog").waitFor();
    await screenshot(page, "delete");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Delete this now" }).click();
    await page.getByRole("heading", { name: "Deleted" }).waitFor();
    const rows = await page.locator(".receipt-stores tbody tr").allInnerTexts();
    // accepted, extract and six answers
    expect(rows.find((row) => row.startsWith("Answers"))).toMatch(/\t8\t/);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Deleted");
    expect(await page.locator(".film-frame").count()).toBe(0);
    await screenshot(page, "receipt");
    await other.page.goto(page.url());
    await other.page.getByText("This job was deleted on request.").waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
    await other.page.context().close();
  });

  it("handles more faces than fit on any screen, by pointer and by keyboard", async () => {
    const { page, problems } = await visit(browser, mesh.url);
    const jobId = await send(page, "crowd-48mp");
    await publish(extractOf(jobId, 64, { columns: 8, facesOmitted: 3 }));
    await page.locator(".box").nth(63).waitFor();
    expect(await page.locator(".face").count()).toBe(64);
    await page.getByText("3 more faces were seen.").waitFor();
    for (const face of [0, 1, 63]) await publish(...Object.values(answersOf(jobId, face)));
    await untilField(page, 63, "match", "done");

    await page.locator(".box").nth(40).click();
    expect(await page.locator('.face[data-chosen="true"]').getAttribute("data-face")).toBe("40");
    await poll(() => page.locator('[data-face="40"]').evaluate(isInView)).toBe(true);
    await page.keyboard.press("ArrowLeft");
    expect(await page.locator('.box[data-chosen="true"]').count()).toBe(1);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Face 40");
    await page.locator('[data-face="63"] .face-name').click();
    await page.keyboard.press("ArrowRight");
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Face 1");
    await screenshot(page, "crowd");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("announces once per face, and never moves the focus when answers come", async () => {
    const { page } = await visit(browser, mesh.url);
    await page.evaluate(() => {
      const spoken: string[] = [];
      Object.assign(globalThis, { spoken });
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes)
          spoken.push(...[...addedNodes].map((node) => node.textContent!));
      }).observe(document.querySelector("[aria-live]")!, { childList: true });
    });
    const jobId = await send(page, "group-4");
    await publish(extractOf(jobId, 2));
    await page.locator('[data-face="1"] .face-more').focus();
    for (const face of [0, 1]) await publish(...Object.values(answersOf(jobId, face)));
    await untilField(page, 1, "match", "done");
    await page.waitForFunction(() => (globalThis as unknown as { spoken: string[] }).spoken.length >= 3);
    const spoken = await page.evaluate(() => (globalThis as unknown as { spoken: string[] }).spoken);
    expect(spoken).toHaveLength(3);
    expect(spoken[0]).toBe("2 faces found.");
    expect(spoken[1]).toMatch(/^Face 1: .*Looks 31\. Probably a woman\./);
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(
      "Details of face 2",
    );
    await page.context().close();
  });

  it("gives a phone one card at a time, with a swipe between them, under a photo that stays", async () => {
    const { page, problems } = await visit(browser, mesh.url, PHONE);
    await screenshot(page, "phone-welcome");
    expect(await accessibilityFaults(page)).toEqual([]);
    const jobId = await send(page, "group-4");
    await publish(extractOf(jobId, 4), answersOf(jobId, 0).age);
    await untilField(page, 0, "age", "done");
    await screenshot(page, "phone-partial");
    for (const face of [0, 1, 2, 3]) await publish(...Object.values(answersOf(jobId, face)));
    await untilField(page, 3, "match", "done");
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await overflow()).toBeLessThanOrEqual(0);
    // Nothing that came has moved the page; choosing a face moves the row of cards alone.
    await page.locator(".box").nth(2).click();
    await poll(() =>
      page.locator('[data-face="2"]').evaluate((card) => Math.round(card.getBoundingClientRect().left)),
    ).toBeLessThan(40);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await page.locator(".faces").evaluate((list) => list.scrollTo({ left: 400, behavior: "instant" }));
    await poll(() => page.locator('.box[data-chosen="true"]').count()).toBe(1);
    await poll(() => page.locator('.face[data-chosen="true"]').getAttribute("data-face")).toBe("1");
    await page.evaluate(() => scrollTo(0, 400));
    const top = await page.locator(".photo").evaluate((element) => element.getBoundingClientRect().top);
    expect(top).toBe(0);
    await screenshot(page, "phone-complete");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

function isInView(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

/** WCAG's contrast ratio of the stages' colours, and of edges, with what they lie on, as the browser paints them. */
function contrastsOf({ hues, grounds }: { hues: number[]; grounds: string[] }) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
  const luminance = (name: string, hue = 0): number => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.dataset["stage"] = "";
    probe.style.setProperty("--hue", String(hue));
    probe.style.color = `var(${name})`;
    canvas.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    canvas.fillRect(0, 0, 1, 1);
    const linear = (byte: number) => {
      const share = byte / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
    return 0.2126 * linear(red!) + 0.7152 * linear(green!) + 0.0722 * linear(blue!);
  };
  const colours = [
    ...hues.map((hue) => ({ colour: `hue ${hue}`, of: luminance("--stage", hue) })),
    { colour: "--line-strong", of: luminance("--line-strong") },
  ];
  return colours.flatMap(({ colour, of }) =>
    grounds.map((ground) => {
      const [dark, light] = [of, luminance(ground)].sort((a, b) => a - b);
      return { colour, ground, ratio: (light! + 0.05) / (dark! + 0.05) };
    }),
  );
}
