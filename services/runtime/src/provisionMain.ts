import { provision } from "./provision.js";
import { openBlobs } from "./blobs/open.js";
import { connectBroker } from "./broker.js";
import { ConfigError, integer, readSettings } from "./settings.js";
import { runtimeSettings, stagesSetting } from "./runtimeSettings.js";

/** Makes streams, consumers and buckets, and ends. On a cluster it runs once per revision. */
try {
  const config = readSettings(process.env, {
    ...runtimeSettings,
    stages: stagesSetting,
    replicas: integer("REPLICAS", { min: 1, max: 5, default: 1 }),
  });
  const { natsUrl, natsCredentialsFile, natsToken, replicas, jobTtlMs, stages } = config;
  const broker = await connectBroker({
    url: natsUrl,
    name: "similarfaces provision",
    credentialsFile: natsCredentialsFile,
    token: natsToken,
  });
  // Stores first: services that wait for their consumer find them made, with their copies.
  const blobs = await openBlobs(config, broker, { replicas });
  await blobs.close();
  await provision(broker, { replicas, jobTtlMs, stages });
  await broker.close();
  process.stdout.write("streams, consumers and stores are provisioned\n");
} catch (error) {
  const problems =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : error];
  for (const problem of problems) process.stderr.write(`provision: ${String(problem)}\n`);
  process.exitCode = 1;
}
