import { ENROLMENT_FLOOR, FACES_PER_MESSAGE_MAX } from "@similarfaces/contracts";
import {
  integer,
  list,
  oneOf,
  optional,
  ratio,
  readSettings,
  runtimeSettings,
  stagesSetting,
  text,
  type Environment,
} from "@similarfaces/runtime";
import { trustedProxiesSetting } from "./access/clientAddress.js";
import { BODY_BYTES_MAX } from "./requests/limits.js";

export const gatewaySettings = {
  /** Loopback by default: everybody who reaches the gateway may upload. */
  host: text("HOST", { default: "127.0.0.1" }),
  port: integer("PORT", { min: 0, max: 65535, default: 8080 }),
  httpDriver: oneOf("HTTP_DRIVER", ["auto", "uws", "node"], { default: "auto" }),
  /** A key with all scopes, beside those of `npm run keys`; without any, the gallery is for this machine alone. */
  apiKey: optional("API_KEY"),
  apiKeyFor: oneOf("API_KEY_FOR", ["gallery", "everything"], { default: "gallery" }),
  /** Names in the Host header beside loopback's own; `*` for any, as behind a load balancer that checks. */
  allowedHosts: list("ALLOWED_HOSTS", { default: [] }),
  /** Proxies whose X-Forwarded-For is believed. */
  trustedProxies: trustedProxiesSetting,
  /** Bytes of all requests' bodies that are held at one time; bodies beyond are refused as overloaded. */
  bodiesBytesMax: integer("BODIES_BYTES_MAX", {
    min: BODY_BYTES_MAX,
    max: Number.MAX_SAFE_INTEGER,
    default: 256 * 1024 * 1024,
  }),
  /** How long a job may compute; after this its missing fields are expired. */
  jobDeadlineMs: integer("JOB_DEADLINE_MS", { min: 1_000, max: 3_600_000, default: 60_000 }),
  /** How long a photo may have to wait for its turn and still be accepted; well below the deadline, which includes the work itself. */
  admissionWaitMs: integer("ADMISSION_WAIT_MS", { min: 100, max: 3_600_000, default: 4_000 }),
  /** Faces that travel in one message, fixed for a job when it is accepted; 1 where stages of a version before groups may run. */
  facesPerMessage: integer("FACES_PER_MESSAGE", {
    min: 1,
    max: FACES_PER_MESSAGE_MAX,
    default: FACES_PER_MESSAGE_MAX,
  }),
  /** The quality below which enrolling a face is warned of, 0..1; 0 warns of none. */
  enrolmentFloor: ratio("ENROLMENT_FLOOR", { default: ENROLMENT_FLOOR }),
  modelsDir: text("MODELS_DIR", { default: new URL("../../models", import.meta.url).pathname }),
  siteDir: text("SITE_DIR", { default: new URL("../../ui/dist/site", import.meta.url).pathname }),
  stages: stagesSetting,
} as const;

export type GatewayConfig = ReturnType<typeof readConfig>;

/** @throws ConfigError with every bad key */
export function readConfig(env: Environment) {
  return readSettings(env, { ...runtimeSettings, ...gatewaySettings });
}
