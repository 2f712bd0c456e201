import { connectBroker, createLog, type Broker } from "@similarfaces/runtime";
import { afterAll, beforeAll } from "vitest";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { openNatsGallery } from "../src/drivers/nats/driver.js";
import { testGallery } from "./gallerySuite.js";

const MIB = 1024 * 1024;
const log = createLog({ service: "test", level: "silent" });
let server: NatsServer;
let broker: Broker;

beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
});

testGallery("nats", (bucket, models) => openNatsGallery({ broker, bucket, models, bytesMax: 8 * MIB, log }));
