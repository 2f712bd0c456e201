import { expect, it } from "vitest";
import { give, photo, screenshot, visit } from "../browser";
import { startGatewayProcess } from "../gatewayProcess";
import { answersOf, extractOf } from "../playedStages";
import { send, untilField, type PlayedMesh } from "./playedMesh";

/** What comes late, again, by another way, or not until the server is back. */
export function testBrokenLines(on: PlayedMesh): void {
  it("shows what reaches it after it gave up waiting", async () => {
    const gateway = await on.mesh.another({ JOB_DEADLINE_MS: "1000" });
    const { page } = await visit(on.browser, gateway.url);
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
    await on.publish(extractOf(jobId, 1));
    await page.locator(".box").waitFor();
    isHeld = true;
    await on.publish(...Object.values(answersOf(jobId, 0)));
    await untilField(page, 0, "age", "expired");
    isHeld = false;
    for (const release of held) release();
    await untilField(page, 0, "age", "done");
    await untilField(page, 0, "match", "done");
    await page.context().close();
  });

  it("goes on after a reload, from another tab, and with the back button", async () => {
    const { page } = await visit(on.browser, on.mesh.url);
    const jobId = await send(page, "portrait-1");
    await on.publish(extractOf(jobId, 1), answersOf(jobId, 0).age);
    await untilField(page, 0, "age", "done");
    await page.reload();
    await untilField(page, 0, "age", "done");
    await untilField(page, 0, "gender", "pending");
    await on.publish(answersOf(jobId, 0).gender);
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
      const { page } = await visit(on.browser, on.mesh.url);
      await page.routeWebSocket(/\/v1\/live/, (socket) => void socket.close());
      if (without === "sockets and streams") await page.route(/\/events/, (route) => route.abort());
      const asked: string[] = [];
      page.on("request", (request) => asked.push(new URL(request.url()).pathname));
      await page.reload();
      const jobId = await send(page, "portrait-1");
      await on.publish(extractOf(jobId, 1), ...Object.values(answersOf(jobId, 0)));
      await untilField(page, 0, "match", "done");
      await page.locator('.fall-figure[data-known="true"]').nth(1).waitFor();
      expect(asked, without).toContain(`/v1/jobs/${jobId}${expected}`);
      // Who has announced itself is asked for instead of told.
      expect(asked, without).toContain("/v1/analyzers");
      await page.context().close();
    }
  });

  it("resumes when the network drops and comes back, and when the server restarts", async () => {
    const gateway = await startGatewayProcess(on.mesh.server.url);
    const { page } = await visit(on.browser, gateway.url);
    const jobId = await send(page, "portrait-1");
    await on.publish(extractOf(jobId, 1));
    await page.locator(".box").waitFor();
    await page.context().setOffline(true);
    await on.publish(answersOf(jobId, 0).age);
    await page.context().setOffline(false);
    await untilField(page, 0, "age", "done");

    await gateway.kill();
    await page.getByText("You're not connected to the server.").waitFor();
    await on.publish(answersOf(jobId, 0).gender);
    await screenshot(page, "no-connection");
    await gateway.start();
    await untilField(page, 0, "gender", "done");
    await on.publish(answersOf(jobId, 0).race);
    await untilField(page, 0, "race", "done");
    expect(await page.getByText("You're not connected to the server.").count()).toBe(0);
    await page.context().close();
    await gateway.kill();
  });

  it("keeps a photo that cannot be sent, and sends it when the server is there again", async () => {
    const gateway = await startGatewayProcess(on.mesh.server.url);
    const { page } = await visit(on.browser, gateway.url);
    await gateway.kill();
    await give(page, photo("portrait-1"));
    await page.getByText("Can't send the photo yet.").waitFor();
    await gateway.start();
    await page.waitForURL(/\/jobs\//);
    await page.context().close();
    await gateway.kill();
  });
}
