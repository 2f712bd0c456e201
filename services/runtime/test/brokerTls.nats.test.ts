import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectBroker } from "../src/broker/broker.js";
import { makeCertificates, type Certificates } from "./certificates.js";
import { startNatsServer, type NatsServer } from "./natsServer.js";

describe("a broker that speaks TLS alone", () => {
  let ours: Certificates;
  let strange: Certificates;
  let server: NatsServer;
  beforeAll(async () => {
    ours = makeCertificates();
    strange = makeCertificates();
    const { certFile, keyFile } = ours;
    server = await startNatsServer(
      `tls { cert_file: ${JSON.stringify(certFile)}, key_file: ${JSON.stringify(keyFile)} }\n` +
        `authorization { users: [{ user: age, password: "secret" }] }`,
    );
  });
  afterAll(async () => {
    await server?.stop();
    ours.remove();
    strange.remove();
  });

  it("is reached where its authority is known, also after it was away", async () => {
    const broker = await connectBroker({
      url: server.url,
      name: "test",
      user: "age",
      password: "secret",
      caFile: ours.caFile,
    });
    expect(broker.nc.info?.tls_required).toBe(true);
    await server.kill();
    await expect.poll(() => broker.connected()).toBe(false);
    await server.restart();
    await expect.poll(() => broker.connected(), { timeout: 10_000 }).toBe(true);
    expect((await broker.jsm.getAccountInfo()).streams).toBe(0);
    await broker.close();
  });

  it.each([
    ["another authority", () => strange.caFile],
    ["none", () => undefined],
  ])(
    "is not talked to where %s is known: the connection is waited for, and no password is sent",
    async (_, caFile) => {
      const stop = new AbortController();
      const connecting = connectBroker({
        url: server.url,
        name: "test",
        user: "age",
        password: "secret",
        caFile: caFile(),
        signal: stop.signal,
      });
      setTimeout(() => stop.abort(), 500);
      await expect(connecting).rejects.toThrow(/stopped while waiting/);
    },
  );
});
