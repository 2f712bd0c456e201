import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { connectBroker, provision, type Broker } from "@similarfaces/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startNatsServer, type NatsServer } from "../../services/runtime/test/natsServer.js";
import { readConfig } from "../src/mod.js";
import { Wire, type Answer } from "./http/wire.js";
import { PIXEL } from "./meshFixture.js";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const CLIENTS = 70;
const ARRIVING = 20;
const HEAD = "HTTP/1.1\r\nHost: 127.0.0.1\r\n";
const post = (more: string) => `POST /v1/jobs ${HEAD}${more}Content-Length: ${PIXEL.length}\r\n\r\n`;

/** Who waits for a job while the gateway is told to end gets its id. */
describe.each(["uws", "node"])("a gateway on %s that gets SIGTERM", (driver) => {
  let nats: NatsServer;
  let broker: Broker;
  beforeAll(async () => {
    nats = await startNatsServer();
    broker = await connectBroker({ url: nats.url, name: "test" });
    const { jobTtlMs, stages } = readConfig({});
    await provision(broker, { replicas: 1, jobTtlMs, stages });
  });
  afterAll(async () => {
    await broker?.close();
    await nats?.stop();
  });

  it(`answers ${CLIENTS} who wait with 202 and the job's address, those whose body is under way with 503, and ends`, async () => {
    // Nobody takes work here, and all are to be let in.
    const gateway = await startGateway({
      NATS_URL: nats.url,
      HTTP_DRIVER: driver,
      ADMISSION_WAIT_MS: "3600000",
    });
    const waiting = Array.from({ length: CLIENTS }, () => new Wire(gateway.port));
    const answers = waiting.map((wire) => wire.answer("POST"));
    for (const wire of waiting)
      await wire.write(Buffer.concat([Buffer.from(post("Prefer: wait=50\r\n")), PIXEL]));
    const accepted = async () => (await broker.jsm.streams.info("SF_RESULTS")).state.messages;
    // Some wait already, the others are on their way in.
    await expect.poll(accepted).toBeGreaterThan(CLIENTS / 2);
    const halfway = new Wire(gateway.port);
    await halfway.write(post("Expect: 100-continue\r\n"));
    await expect.poll(() => halfway.rest).toContain("100 Continue");
    await halfway.write(PIXEL.subarray(0, 10));
    // Connected by the system, and not seen by the gateway before the signal.
    gateway.suspend();
    const arriving = Array.from({ length: ARRIVING }, () => new Wire(gateway.port));
    for (const wire of arriving) await wire.write(Buffer.concat([Buffer.from(post("")), PIXEL]));
    answers.push(...arriving.map((wire) => wire.answer("POST")));
    const exited = gateway.terminate();
    gateway.resume();
    const refused = await halfway.answer("POST");
    const answered = await Promise.all(answers);

    expect(refused?.status).toBe(503);
    expect(refused?.headers.get("retry-after")).toBeDefined();
    const taken = answered.filter((answer) => answer?.status === 202);
    // Whoever was not taken yet is told so.
    const told = answered.filter((answer) => answer?.status === 503 && answer.headers.has("retry-after"));
    expect(taken.length + told.length).toBe(CLIENTS + ARRIVING);
    expect(new Set(taken.map(jobIdOf)).size).toBe(taken.length);
    expect(await accepted()).toBe(taken.length);
    expect(await exited).toBe(0);
  });
});

function jobIdOf(answer: Answer | undefined): string {
  const { jobId } = JSON.parse(answer!.body) as { jobId: string };
  expect(answer!.headers.get("location")).toBe(`/v1/jobs/${jobId}`);
  return jobId;
}

async function startGateway(env: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, PORT: "0", HEALTH_PORT: "0", LOG_FORMAT: "json", LOG_LEVEL: "info", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let log = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      const found = /"url":"([^"]+)"/.exec(log)?.[1];
      if (found) resolve(found);
    });
    void exited.then(() => reject(new Error(log)));
  });
  return {
    port: Number(new URL(url).port),
    suspend: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    terminate: () => {
      child.kill("SIGTERM");
      return exited;
    },
  };
}
