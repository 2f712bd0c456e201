import { fileURLToPath } from "node:url";
import type { BrokerUser } from "@similarfaces/contracts/brokerUsers";
import { ANALYZERS, type StageName } from "@similarfaces/contracts/stages";
import type { Program } from "./program.js";

/** The one process of gateway and all stages. */
export function meshProgram(env: NodeJS.ProcessEnv): Program {
  return service("mesh", "services/mesh/dist/mesh/main.js", env);
}

/**
 * Every service as its own process, as on a cluster, and first the step that provisions streams and consumers.
 * @param envOf each has its own user at the broker
 */
export function servicePrograms(
  stages: readonly StageName[],
  envOf: (user: BrokerUser) => NodeJS.ProcessEnv,
): Program[] {
  // A worker each: seven services share the cores that one pool has otherwise. No two can have one health port.
  const ofStage = (name: BrokerUser) => ({ INFERENCE_WORKERS: "1", ...envOf(name), HEALTH_PORT: "0" });
  const has = (stage: StageName) => stages.includes(stage);
  const stage = (name: BrokerUser) => service(name, `services/${name}/dist/main.js`, ofStage(name));
  return [
    {
      ...service("provision", "services/runtime/dist/broker/provisionMain.js", envOf("provision")),
      isService: false,
      isOnce: true,
    },
    service("gateway", "gateway/dist/main.js", envOf("gateway")),
    stage("extract"),
    ...(has("embed") ? [stage("embed")] : []),
    ...ANALYZERS.filter(has).map((analyzer) =>
      service(analyzer, "services/analyze/dist/main.js", { ...ofStage(analyzer), ANALYZER: analyzer }),
    ),
    ...(has("match") || has("enrol")
      ? [service("match", "services/gallery/dist/main.js", ofStage("match"))]
      : []),
  ];
}

function service(name: string, main: string, env: NodeJS.ProcessEnv): Program {
  const path = fileURLToPath(new URL(`../../../../${main}`, import.meta.url));
  return { name, command: process.execPath, args: ["--enable-source-maps", path], env, isService: true };
}
