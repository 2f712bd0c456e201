import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import {
  AnnouncementSchema,
  STREAM_NAMES,
  authorizationConfig,
  create,
  permissionsOf,
} from "@similarfaces/contracts";
import { announce, connectBroker, createLog, followModels, type Broker } from "@similarfaces/runtime";
import { until } from "../../runtime/test/loop.js";
import { freePort, startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { startProgram, type Program } from "./program.js";

const log = createLog({ service: "test", level: "silent" });

let server: NatsServer;
beforeAll(async () => {
  const users = ["provision", "gateway", "mask"] as const;
  const logins = users.map((user) => ({ user, password: `"${user}"`, permissions: permissionsOf(user) }));
  server = await startNatsServer(authorizationConfig([...logins, { user: "owner", password: '"owner"' }]));
});
afterAll(() => server?.stop());

/** As the broker's user of its name. */
function start(env: Record<string, string>): Program {
  const access = { NATS_URL: server.url, NATS_USER: "provision", NATS_PASSWORD: "provision" };
  const program = startProgram({ ...access, ...env });
  onTestFinished(async () => void (await program.exitCode("SIGKILL")));
  return program;
}

async function login(user: string): Promise<Broker> {
  const broker = await connectBroker({ url: server.url, name: "test", user, password: user });
  onTestFinished(() => broker.close());
  return broker;
}

it("stays, serves health, and every user may do what its part of an announcement needs", async () => {
  const port = await freePort();
  const program = start({ STAGES: "extract,embed,age", HEALTH_PORT: String(port) });
  const readyz = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ status }) => status,
      () => undefined,
    );
  await until(async () => (await readyz()) === 200);
  const mask = await login("mask");
  const announced = await announce(mask, create(AnnouncementSchema, { name: "mask", order: 99 }), { log });
  onTestFinished(() => announced.close());
  const models = await followModels(await login("gateway"));
  onTestFinished(() => models.close());
  await until(async () => models.analyzers().length === 2);
  const [age, other] = models.analyzers();
  expect(age).toMatchObject({
    name: "age",
    title: { en: expect.any(String) },
    model: { pack: "compact", precision: "" },
  });
  expect(other!.name).toBe("mask");
  const owner = await login("owner");
  for (const name of ["embed", "age", "mask"]) await owner.jsm.consumers.info(STREAM_NAMES.faces, name);
  expect(await program.exitCode("SIGTERM")).toBe(0);
  expect(program.output()).not.toMatch(/permission|objects/i);
});

it("refuses an analyzer in STAGES that no pack has", async () => {
  const program = start({ STAGES: "extract,tea-leaves" });
  expect(await program.exitCode()).toBe(2);
  expect(program.output()).toContain('there is no analyzer \\"tea-leaves\\" in the packs in use');
});
