import { fileURLToPath } from "node:url";
import type { MixPhoto } from "@similarfaces/load";
import { beforeAll, describe, expect, it } from "vitest";
import { isAlive, identityOf } from "../../../services/mesh/src/supervisor/processIdentity.js";
import { natsServerPath } from "../../../services/runtime/test/natsServer.js";
import { startBareProcess } from "../src/bare/bareProcess.js";
import { costOf, meshRound } from "../src/cost.js";
import { startMeshUnderTest } from "../src/meshUnderTest.js";
import { readMix } from "../src/pipeline.js";

/** One analyzer is enough: it is the counting that is tested. Nothing expires, however busy the machine. */
const ENV = { STAGES: "extract,age", SAMPLE_GALLERY: "false", JOB_DEADLINE_MS: "200000" };
const ROUND_MS = 500;

describe("the cost", { timeout: 240_000 }, () => {
  let photos: MixPhoto[];
  beforeAll(async () => {
    process.env["NATS_SERVER"] ??= natsServerPath();
    const modelsDir = fileURLToPath(new URL("../../../models", import.meta.url));
    photos = await readMix({ modelsDir, mix: "portrait-1:1" });
  });

  it("is of services and broker, less the bare loop's, per photo", () => {
    const round = { photos: 8, elapsedMs: 1_000, perSecond: 8 };
    const meshes = [
      { ...round, photosInAll: 10, servicesSeconds: 0.8, brokerSeconds: 0.1 },
      { ...round, photosInAll: 30, servicesSeconds: 2.4, brokerSeconds: 0.3 },
    ];
    const bares = [{ ...round, photosInAll: 20, cpuSeconds: 1.4 }];
    const { services, broker, bare, difference } = costOf(meshes, bares);
    expect([services, broker, bare, difference].map((ms) => Number(ms.toFixed(6)))).toEqual([80, 10, 70, 20]);
  });

  it("is counted in a mesh of replicas, and in a bare loop that ends with its process", async () => {
    const bare = await startBareProcess({ ...process.env, ...ENV });
    const mesh = await startMeshUnderTest(ENV, { processes: true, replicas: 2 });
    const loop = identityOf(bare.pid)!;
    try {
      expect(Object.keys(mesh.children()).toSorted()).toEqual(
        ["age", "age.2", "extract", "extract.2", "gateway", "nats-server", "provision"].toSorted(),
      );
      expect(await bare.analyse(photos[0]!.bytes)).toBeGreaterThan(0);
      const ofBare = await bare.round(photos, ROUND_MS);
      const ofMesh = await meshRound(mesh, photos, { inFlight: bare.workers, roundMs: ROUND_MS });
      for (const spent of [ofBare.cpuSeconds, ofMesh.servicesSeconds, ofMesh.brokerSeconds]) {
        expect(spent).toBeGreaterThan(0);
      }
      expect(ofMesh.photosInAll).toBeGreaterThan(0);
      const { services, broker } = mesh.usage();
      expect(services.residentBytes).toBeGreaterThan(broker.residentBytes);
      expect(broker.residentBytes).toBeGreaterThan(0);
    } finally {
      await mesh.stop();
      await bare.close();
    }
    expect(isAlive(loop)).toBe(false);
  });
});
