import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { natsServerPath } from "../../../services/runtime/test/natsServer.js";
import { readMix } from "../src/pipeline.js";
import { benchProfile } from "../src/profile/profile.js";

/** In short, and without a figure: every process has told what it did, and the parts make up the whole. */
it.skipIf(process.platform !== "linux")(
  "profile: parts of main threads, other threads and the broker, in mesh and bare loop",
  { timeout: 240_000 },
  async () => {
    process.env["NATS_SERVER"] ??= natsServerPath();
    process.env["JOB_DEADLINE_MS"] = "200000";
    const modelsDir = fileURLToPath(new URL("../../../models", import.meta.url));
    const mix = await readMix({ modelsDir, mix: "portrait-1:1" });
    const { photos, main, threads, broker, others } = await benchProfile({
      mix,
      roundMs: 1_500,
      processes: false,
    });
    expect(Math.min(photos.mesh, photos.bare)).toBeGreaterThan(0);
    const named = Object.fromEntries([...main, ...threads].map((row) => [row.name, row]));
    for (const name of ["broker's client", "protobuf", "stage loop"]) {
      expect(named[name]!.mesh, name).toBeGreaterThan(0);
    }
    for (const name of ["photo: decode and encode", "models", "libuv's pool: decode, encode, files"]) {
      expect(Math.min(named[name]!.mesh, named[name]!.bare), name).toBeGreaterThan(0);
    }
    expect(named["relay"]!.bare).toBe(0);
    expect(broker.user + broker.system).toBeGreaterThan(0);
    expect(others.length).toBeLessThanOrEqual(5);
  },
);
