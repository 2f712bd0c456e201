import { fileURLToPath } from "node:url";
import type { BrokerUser } from "@similarfaces/contracts/brokerUsers";
import { isCoreStage, isGalleryStage, type StageName } from "@similarfaces/contracts/stages";
import type { Program } from "./program.js";

/** The one process of gateway and all stages. */
export function meshProgram(env: NodeJS.ProcessEnv): Program {
  return service("mesh", "services/mesh/dist/oneProcess/main.js", env);
}

/**
 * Every service as its own process, as on a cluster.
 * @param stages what is served, analyzers among them
 * @param envOf each has its own user at the broker
 * @param replicas of each stage
 */
export function servicePrograms(
  stages: readonly StageName[],
  envOf: (user: BrokerUser) => NodeJS.ProcessEnv,
  replicas: number,
): Program[] {
  const program = (name: BrokerUser) => service(name, `services/${name}/dist/main.js`, besides(envOf(name)));
  const ofStages = [
    program("extract"),
    ...(stages.includes("embed") ? [program("embed")] : []),
    ...stages.filter((stage) => !isCoreStage(stage)).map((name) => analyzerProgram(name, envOf(name))),
    ...(stages.some(isGalleryStage)
      ? [service("match", "services/gallery/dist/main.js", besides(envOf("match")))]
      : []),
  ];
  return [
    program("provision"),
    service("gateway", "gateway/dist/main.js", envOf("gateway")),
    ...ofStages.flatMap((stage) => replicasOf(stage, replicas)),
  ];
}

/** The first keeps the stage's name; no stage's has a dot. */
function replicasOf(program: Program, replicas: number): Program[] {
  return Array.from({ length: replicas }, (_, i) =>
    i === 0 ? program : { ...program, name: `${program.name}.${i + 1}` },
  );
}

/** One analyzer as a process of its own. */
export function analyzerProgram(name: StageName, env: NodeJS.ProcessEnv): Program {
  return service(name, "services/analyze/dist/main.js", { ...besides(env), ANALYZER: name });
}

/** One inference worker each, since all of them share this machine's cores; each with a health port of its own. */
function besides(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { INFERENCE_WORKERS: "1", ...env, HEALTH_PORT: "0" };
}

function service(name: string, main: string, env: NodeJS.ProcessEnv): Program {
  const path = fileURLToPath(new URL(`../../../../${main}`, import.meta.url));
  return { name, command: process.execPath, args: ["--enable-source-maps", path], env, isService: true };
}
