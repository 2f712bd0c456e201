/** What the main thread does, by the files of whose code it is: the first that fits. Paths begin in the repository, or behind node_modules. */
const PARTS: readonly (readonly [part: string, files: RegExp])[] = [
  ["HTTP and WebSocket", /^gateway\/(http|requests|access|keys)\/|^(uWebSockets\.js|uws-|ws\/)/],
  ["relay", /^gateway\/relay\//],
  ["jobs and admission", /^gateway\/|^rate-limiter-flexible\//],
  ["store", /^services\/runtime\/blobs\/|^@(aws-sdk|smithy)\//],
  ["broker's client", /^services\/runtime\/broker\/|^(nats|@nats-io)\//],
  ["JSON", /^contracts\/(json|shapes)\.js|^@bufbuild\/protobuf\/.*-json\.js/],
  ["protobuf", /^contracts\/gen\/|^@bufbuild\//],
  ["subjects, pieces, job view", /^contracts\//],
  ["stage loop", /^services\/runtime\/stage\//],
  [
    "metrics, logs and traces",
    /^services\/runtime\/telemetry\/|^(prom-client|tdigest|pino|sonic-boom|@opentelemetry)\//,
  ],
  ["photo: decode and encode", /^services\/extract\/(photo|jpeg)\/|^sharp\//],
  ["faces: geometry, crops, chips", /^services\/(vision|extract\/faces)\//],
  ["models: input, queue, answers", /^services\/inference\/|^onnxruntime-/],
  ["stages", /^services\/(extract|embed|analyze|gallery|provision)\/|^usearch\//],
  ["services' start and health", /^services\/(runtime|mesh)\//],
  ["the bench itself", /^observability\//],
];
const COLLECTION = "garbage collection";
const NATIVE = "native code outside JavaScript";
const NODE = "Node: sockets, streams, timers";
export const OTHER = "other";

/** In the order of the table. */
export const PART_NAMES: readonly string[] = [
  ...PARTS.map(([part]) => part),
  NODE,
  NATIVE,
  COLLECTION,
  OTHER,
];

/** A function of a profile; `url` is empty for what is not written in JavaScript. */
export interface Frame {
  functionName: string;
  url: string;
}

/**
 * The part that a sample counts for: that of the nearest function of a known file, from the one that runs to those that called it; so what
 * a client asks of Node counts for the client. Undefined where the thread rests.
 * @param stack innermost first
 */
export function partOf(stack: readonly Frame[]): string | undefined {
  const inner = stack[0]?.functionName;
  if (inner === "(idle)") return undefined;
  if (inner === "(garbage collector)") return COLLECTION;
  if (inner === "(program)") return NATIVE;
  for (const { url } of stack) {
    const file = fileOf(url);
    const known = PARTS.find(([, files]) => files.test(file));
    if (known) return known[0];
  }
  return stack.some(({ url }) => url !== "" && !url.startsWith("node:")) ? OTHER : NODE;
}

const REPOSITORY = new URL("../../../../", import.meta.url).href;

/** "services/runtime/stage/stageLoop.js", "nats/lib/node_transport.js", "node:net" */
export function fileOf(url: string): string {
  const at = url.lastIndexOf("/node_modules/");
  if (at >= 0) return url.slice(at + "/node_modules/".length);
  return url.replace(REPOSITORY, "").replace(/\/(dist|src)\//, "/");
}
