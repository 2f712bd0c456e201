import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startElasticsearch } from "@similarfaces/load";
import { gallerySettings, openIdentities, type GalleryConfig, type Identities } from "@similarfaces/gallery";
import { guard, identityOf, natsServer } from "@similarfaces/mesh";
import { connectBroker, createLog, provision, readSettings, type Broker } from "@similarfaces/runtime";

export const MODEL = "synthetic@1.0.0";

/** A broker, and where the driver is another an Elasticsearch, for one run and with nothing in them. */
export interface Stores {
  readonly broker: Broker;
  /** Another replica. `snapshotFile`: of the `nats` driver. */
  open(snapshotFile?: string): Promise<Identities>;
  readonly folder: string;
  stop(): Promise<void>;
}

/** @param galleryMaxMib room of the `nats` driver's bucket */
export async function startStores(
  driver: GalleryConfig["galleryDriver"],
  galleryMaxMib = 1_024,
): Promise<Stores> {
  const folder = await mkdtemp(join(tmpdir(), "similarfaces-bench-"));
  const { program, url, loginOf } = await natsServer(folder, process.env["NATS_SERVER"] ?? "nats-server");
  const child = spawn(program.command, program.args, { stdio: "ignore" });
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  const guarding = guard({ dataDir: folder, processes: identity ? [identity] : [] });
  const broker = await connectBroker({ url, ...loginOf("operator"), name: "similarfaces bench" });
  await provision(broker, { replicas: 1, jobTtlMs: 600_000, stages: ["extract", "match"] });
  const elasticsearch = driver === "elasticsearch" ? await elasticsearchOf() : undefined;
  const { elasticsearchIndexKind } = readSettings(process.env, gallerySettings);
  const log = createLog({ service: "bench", level: "warn" });
  const signal = new AbortController().signal;
  return {
    broker,
    folder,
    open(snapshotFile) {
      const config: GalleryConfig = {
        galleryDriver: driver,
        galleryMaxMib,
        gallerySnapshotFile: snapshotFile,
        elasticsearchUrl: elasticsearch?.url,
        elasticsearchApiKey: process.env["ELASTICSEARCH_API_KEY"],
        elasticsearchIndex: `similarfaces-bench-${process.pid}`,
        elasticsearchIndexKind,
      };
      return openIdentities({ config, broker, models: [MODEL], log, signal });
    },
    async stop() {
      await broker.close();
      await elasticsearch?.stop();
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
      guarding.release();
    },
  };
}

async function elasticsearchOf(): Promise<{ url: string; stop(): Promise<void> }> {
  const url = process.env["ELASTICSEARCH_URL"];
  return url ? { url, stop: async () => {} } : startElasticsearch();
}
