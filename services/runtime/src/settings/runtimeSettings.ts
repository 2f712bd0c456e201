import {
  flag,
  integer,
  list,
  oneOf,
  optional,
  optionalPort,
  optionalUrl,
  ratio,
  text,
  url,
} from "./settings.js";
import { CORE_STAGES, isStageName, type StageName } from "@similarfaces/contracts/stages";
import type { BrokerAccess } from "../broker/broker.js";
import type { Setting } from "./settings.js";

/** The keys that every service reads. A service's config.ts spreads them beside its own. */
export const runtimeSettings = {
  natsUrl: url("NATS_URL", ["nats", "tls", "ws", "wss"], { default: "nats://127.0.0.1:4222" }),
  /** A credentials file (JWT and seed), as a cluster mounts it. */
  natsCredentialsFile: optional("NATS_CREDENTIALS_FILE"),
  natsToken: optional("NATS_TOKEN"),
  /** One of contracts/src/brokerUsers.ts, where the broker knows them. */
  natsUser: optional("NATS_USER"),
  natsPassword: optional("NATS_PASSWORD"),
  /** Of the authority that signed the broker's certificate, PEM, where it is none that Node knows. */
  natsCaFile: optional("NATS_CA_FILE"),
  logLevel: oneOf("LOG_LEVEL", ["trace", "debug", "info", "warn", "error", "silent"], { default: "info" }),
  /** `auto` is pretty in a terminal and JSON anywhere else. */
  logFormat: oneOf("LOG_FORMAT", ["auto", "json", "pretty"], { default: "auto" }),
  /** An OpenTelemetry collector, as http://collector:4318; traces go nowhere unless it is set. */
  otlpEndpoint: optionalUrl("OTEL_EXPORTER_OTLP_ENDPOINT", ["http", "https"]),
  /** Share of the photos whose trace is recorded, where the caller has not decided it (its own traceparent). */
  traceRatio: ratio("OTEL_TRACES_SAMPLER_ARG", { default: 0.01 }),
  /** Where /healthz, /readyz and /metrics are served; unset, the service's own default; 0 takes a free port. */
  healthHost: text("HEALTH_HOST", { default: "127.0.0.1" }),
  healthPort: optionalPort("HEALTH_PORT"),
  /** After SIGTERM: how long work in flight may last before it is handed back, and before the process gives up. */
  graceMs: integer("GRACE_MS", { min: 0, max: 600_000, default: 15_000 }),
  forceMs: integer("FORCE_MS", { min: 1_000, max: 600_000, default: 25_000 }),
  jobTtlMs: integer("JOB_TTL_MS", { min: 10_000, max: 86_400_000, default: 600_000 }),
  blobsDriver: oneOf("BLOBS_DRIVER", ["nats", "s3"], { default: "nats" }),
  s3Bucket: text("S3_BUCKET", { default: "similarfaces" }),
  s3Endpoint: optionalUrl("S3_ENDPOINT", ["http", "https"]),
  s3Region: text("S3_REGION", { default: "us-east-1" }),
  s3ForcePathStyle: flag("S3_FORCE_PATH_STYLE", { default: false }),
  s3ServerSideEncryption: oneOf("S3_SERVER_SIDE_ENCRYPTION", ["none", "AES256", "aws:kms"], {
    default: "none",
  }),
} as const;

/** The stages that somebody has named in STAGES, those of analyzers among them; undefined where nobody has. */
export const chosenStagesSetting: Setting<readonly StageName[] | undefined> = {
  key: "STAGES",
  read: (value) => {
    if (value === undefined) return undefined;
    const names = list("STAGES", { default: [] }).read(value);
    if (!names.every(isStageName)) {
      throw new Error(`must be a list of ${CORE_STAGES.join(", ")} and names of analyzers`);
    }
    if (!names.includes("extract")) throw new Error("must contain extract, which all others need");
    return names;
  },
};

/** The stages that are switched on in this installation: unless STAGES says otherwise all of the table. Analyzers announce themselves. */
export const stagesSetting: Setting<readonly StageName[]> = {
  key: "STAGES",
  read: (value) => chosenStagesSetting.read(value) ?? CORE_STAGES,
};

/** How a service is let in at the broker, of its settings. */
export function brokerAccess(config: {
  natsUrl: string;
  natsCredentialsFile: string | undefined;
  natsToken: string | undefined;
  natsUser: string | undefined;
  natsPassword: string | undefined;
  natsCaFile: string | undefined;
}): BrokerAccess {
  return {
    url: config.natsUrl,
    credentialsFile: config.natsCredentialsFile,
    token: config.natsToken,
    user: config.natsUser,
    password: config.natsPassword,
    caFile: config.natsCaFile,
  };
}
