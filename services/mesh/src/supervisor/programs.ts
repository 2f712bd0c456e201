import { fileURLToPath } from "node:url";
import { ANALYZERS, type StageName } from "@similarfaces/contracts/stages";
import type { Program } from "./program.js";

/** The one process of gateway and all stages. */
export function meshProgram(env: NodeJS.ProcessEnv): Program {
  return service("mesh", "services/mesh/dist/mesh/main.js", env);
}

/** Every service as its own process, as on a cluster, and first the step that provisions streams and consumers. */
export function servicePrograms(stages: readonly StageName[], env: NodeJS.ProcessEnv): Program[] {
  // A worker each: seven services share the cores that one pool has otherwise. No two can have one health port.
  const ofStages = { INFERENCE_WORKERS: "1", ...env, HEALTH_PORT: "0" };
  const has = (stage: StageName) => stages.includes(stage);
  return [
    {
      ...service("provision", "services/runtime/dist/provisionMain.js", env),
      isService: false,
      isOnce: true,
    },
    service("gateway", "gateway/dist/main.js", env),
    service("extract", "services/extract/dist/main.js", ofStages),
    ...(has("embed") ? [service("embed", "services/embed/dist/main.js", ofStages)] : []),
    ...ANALYZERS.filter(has).map((analyzer) =>
      service(analyzer, "services/analyze/dist/main.js", { ...ofStages, ANALYZER: analyzer }),
    ),
    ...(has("match") || has("enrol") ? [service("match", "services/match/dist/main.js", ofStages)] : []),
  ];
}

function service(name: string, main: string, env: NodeJS.ProcessEnv): Program {
  const path = fileURLToPath(new URL(`../../../../${main}`, import.meta.url));
  return { name, command: process.execPath, args: ["--enable-source-maps", path], env, isService: true };
}
