import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { inferenceSettings } from "@similarfaces/inference/settings";
import {
  chosenStagesSetting,
  flag,
  oneOf,
  optional,
  optionalPort,
  readSettings,
  runtimeSettings,
  text,
  type Environment,
} from "@similarfaces/runtime/settings";

const DATA = fileURLToPath(new URL("../../../../.data", import.meta.url));

/** What the supervisor itself reads; everything else passes through it to the services. */
const settings = {
  dataDir: {
    key: "DATA_DIR",
    read: (value?: string) => (value === undefined ? DATA : resolve(value)),
  },
  /** Where analyzers are looked for. */
  modelsDir: inferenceSettings.modelsDir,
  modelPack: inferenceSettings.modelPack,
  modelPacks: inferenceSettings.modelPacks,
  analyzerPacks: inferenceSettings.analyzerPacks,
  modelPrecision: inferenceSettings.modelPrecision,
  /** The binary; `npm start` finds or obtains one and names it here. */
  natsServer: text("NATS_SERVER", { default: "nats-server" }),
  /** A broker that runs elsewhere: then none is started here. */
  natsUrl: optional("NATS_URL"),
  natsToken: runtimeSettings.natsToken,
  natsUser: runtimeSettings.natsUser,
  natsPassword: runtimeSettings.natsPassword,
  natsCaFile: runtimeSettings.natsCaFile,
  natsCredentialsFile: runtimeSettings.natsCredentialsFile,
  host: text("HOST", { default: "127.0.0.1" }),
  /** Undefined: 8080, or the next that is free. */
  port: optionalPort("PORT"),
  apiKey: optional("API_KEY"),
  /** Undefined: all of the table, and every analyzer of the packs in use. */
  stages: chosenStagesSetting,
  /** Whether the composite faces of models/samples/gallery are enrolled on the first start. */
  sampleGallery: flag("SAMPLE_GALLERY", { default: true }),
  /** Undefined: one line per job and what went wrong. */
  logLevel: optional("LOG_LEVEL"),
  logFormat: oneOf("LOG_FORMAT", ["auto", "json", "pretty"], { default: "pretty" }),
  /** A service that has not stopped after these milliseconds is killed. */
  forceMs: runtimeSettings.forceMs,
} as const;

export type SupervisorConfig = ReturnType<typeof readConfig>;

/** @throws ConfigError with every bad key */
export function readConfig(env: Environment) {
  return readSettings(env, settings);
}
