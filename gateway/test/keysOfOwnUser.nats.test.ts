import { afterAll, beforeAll, expect, it } from "vitest";
import { BROKER_PROGRAMS, authorizationConfig, permissionsOf } from "@similarfaces/contracts";
import { connectBroker, createLog, followModels, provision, type Broker } from "@similarfaces/runtime";
import { startNatsServer, type NatsServer } from "../../services/runtime/test/natsServer.js";
import { createKey, listKeys, openKeyBucket, revokeKey } from "../src/keys/keyBucket.js";
import { openKeyRing } from "../src/keys/keyRing.js";

const KEYS = 2_000;

let server: NatsServer;
let broker: Broker;
const objections: Error[] = [];

beforeAll(async () => {
  server = await startNatsServer(
    authorizationConfig(
      BROKER_PROGRAMS.map((user) => ({
        user,
        password: JSON.stringify(`of ${user}`),
        permissions: permissionsOf(user),
      })),
    ),
  );
  const as = (user: string) =>
    connectBroker({
      url: server.url,
      name: user,
      user,
      password: `of ${user}`,
      onError: (error) => objections.push(error),
    });
  const provisioner = await as("provision");
  await provision(provisioner, { replicas: 1, jobTtlMs: 600_000, stages: ["extract"] });
  await provisioner.close();
  broker = await as("gateway");
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
});

// So many that the broker asks, now and then, whether they have arrived.
it("a gateway's user at the broker may make, read, follow and revoke any number of keys", async () => {
  const bucket = await openKeyBucket(broker);
  const name = "x".repeat(1_500);
  await Promise.all(Array.from({ length: KEYS }, () => createKey(bucket, name, ["analyse"])));
  const ring = await openKeyRing(broker, createLog({ service: "gateway", level: "silent" }));
  try {
    expect(ring.size).toBe(KEYS);
    const [first] = await listKeys(bucket);
    await revokeKey(bucket, first!.id);
    await expect.poll(() => ring.find(first!.id)).toBeUndefined();
    expect(ring.size).toBe(KEYS - 1);
    expect(objections).toEqual([]);
  } finally {
    ring.close();
  }
});

it("and follow which analyzers there are", async () => {
  const models = await followModels(broker);
  models.close();
  expect(objections).toEqual([]);
});
