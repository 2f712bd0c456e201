import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { headersOf } from "./answers.js";
import { DRIVERS, startTestServer, type TestServer } from "./drivers.js";
import { nginxProgram, startNginx, type Nginx } from "./nginx.js";
import { echoOf } from "./sequences.js";
import { Wire } from "./wire.js";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const program = await nginxProgram();

/** The lines that the README gives for nginx keep away what a driver would answer with a page of its own. */
describe.each(DRIVERS)("behind nginx as the README has it, on $name", (driver) => {
  let server: TestServer;
  let nginx: Nginx;
  beforeAll(async () => {
    if (!program || !driver.isThere) return;
    server = await startTestServer(driver);
    nginx = await startNginx(program, /```nginx\n([^]*?)```/.exec(README)![1]!, server.port);
  });
  afterAll(async () => {
    await nginx?.stop();
    await server?.stop();
  });
  const test = it.skipIf(!program || !driver.isThere);
  const ask = async (text: string) => {
    const wire = new Wire(nginx.port);
    await wire.write(text);
    const answer = await wire.answer();
    wire.end();
    return answer;
  };

  test.each([
    ["HTTP/1.0", "GET /ran HTTP/1.0\r\nHost: a\r\n\r\n"],
    ["49 header fields", `GET /ran HTTP/1.1\r\nHost: a\r\n${headersOf(48)}\r\n`],
    ["6 KiB of header fields", `GET /ran HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(6_000)}\r\n\r\n`],
    ["an absolute address", "GET http://a/ran HTTP/1.1\r\nHost: a\r\n\r\n"],
  ])("%s is answered by the gateway", async (_, text) => {
    expect((await ask(text))?.body).toBe("ran");
  });

  test.each([
    ["two lengths", "Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody"],
    ["an unknown coding", "Transfer-Encoding: gzip\r\n\r\nbody"],
    ["no host", ""],
  ])("%s is refused by nginx", async (name, rest) => {
    const host = name === "no host" ? "\r\n" : `Host: a\r\n${rest}`;
    const answer = await ask(`POST /ran?id=never HTTP/1.1\r\n${host}`);
    expect([400, 501]).toContain(answer?.status);
    expect((await server.seen()).ran).not.toContain("never");
  });

  test("a body, a stream and a WebSocket go through", async () => {
    const body = "abcdefg".repeat(10_000);
    const echo = await fetch(`http://127.0.0.1:${nginx.port}/echo`, { method: "POST", body });
    expect(await echo.text()).toBe(echoOf(Buffer.from(body)));
    expect(await (await fetch(`http://127.0.0.1:${nginx.port}/stream`)).text()).toBe(
      "event 0\nevent 1\nevent 2\n",
    );
    const socket = new WebSocket(`ws://127.0.0.1:${nginx.port}/live`);
    const heard = new Promise<string>((resolve, reject) => {
      socket.once("message", (data: Buffer) => resolve(data.toString())).once("error", reject);
    });
    socket.once("open", () => socket.send("hello"));
    expect(await heard).toBe("hello");
    socket.terminate();
  });
});

describe("behind a stock nginx, which speaks HTTP/1.0", () => {
  it.skipIf(!program)("node:http answers", async () => {
    const server = await startTestServer(DRIVERS.at(-1)!);
    const nginx = await startNginx(program!, "location / { proxy_pass http://127.0.0.1:8080; }", server.port);
    try {
      const answer = await fetch(`http://127.0.0.1:${nginx.port}/echo`, { method: "POST", body: "abc" });
      expect(await answer.text()).toBe(echoOf(Buffer.from("abc")));
    } finally {
      await nginx.stop();
      await server.stop();
    }
  });
});
