import { provision } from "./provision.js";
import { openBlobs } from "../blobs/open.js";
import { connectBroker, type Broker } from "./broker.js";
import { createLog } from "../telemetry/log.js";
import { redeliverRewound } from "./rewound.js";
import { ConfigError, integer, readSettings } from "../settings/settings.js";
import { brokerAccess, runtimeSettings, stagesSetting } from "../settings/runtimeSettings.js";

/** Servers that are just starting have no leader, or not yet room for as many copies as they will have. */
const TRY_FOR_MS = 60_000;
const PAUSE_MS = 1_000;

/** Makes streams, consumers and buckets, and ends. On a cluster it runs once per revision. */
try {
  await main();
  process.stdout.write("streams, consumers and stores are provisioned\n");
} catch (error) {
  const problems = error instanceof ConfigError ? error.problems : [reasonOf(error)];
  for (const problem of problems) process.stderr.write(`provision: ${problem}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const config = readSettings(process.env, {
    ...runtimeSettings,
    stages: stagesSetting,
    replicas: integer("REPLICAS", { min: 1, max: 5, default: 1 }),
  });
  const { replicas, jobTtlMs, stages } = config;
  const broker = await connectBroker({ ...brokerAccess(config), name: "similarfaces provision" });
  try {
    await again(async () => {
      // Stores first: services that wait for their consumer find them made, with their copies.
      await (await openBlobs(config, broker, { replicas })).close();
      await provision(broker, { replicas, jobTtlMs, stages });
    }, broker);
    await redeliverRewound(broker, stages, createLog({ service: "provision", level: config.logLevel }));
  } finally {
    // Else it would keep the process, which is to be started again.
    await broker.close();
  }
}

async function again(attempt: () => Promise<void>, { nc }: Broker): Promise<void> {
  for (const untilMs = Date.now() + TRY_FOR_MS; ;) {
    try {
      return await attempt();
    } catch (error) {
      if (nc.isClosed() || Date.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
