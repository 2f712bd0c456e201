import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { BinaryReader } from "@bufbuild/protobuf/wire";

/** A span as it came over the wire. */
export interface ReceivedSpan {
  service: string;
  traceId: string;
  spanId: string;
  /** Empty for the first of a trace. */
  parentSpanId: string;
  name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  startMs: number;
  endMs: number;
  attributes: Record<string, string | number | boolean>;
  events: string[];
  /** 0 unset, 1 ok, 2 error. */
  status: number;
}

export interface OtlpReceiver {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  readonly spans: ReceivedSpan[];
  /** Everything received, as bytes: for a search of what must not be there. */
  readonly bodies: Buffer[];
  close(): Promise<void>;
}

/** Takes traces as a collector does: OTLP over HTTP in binary Protobuf (opentelemetry-proto, trace/v1/trace.proto). */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((sent) => {
      const isTraces =
        request.method === "POST" &&
        request.url === "/v1/traces" &&
        request.headers["content-type"] === "application/x-protobuf";
      if (!isTraces) return response.writeHead(400).end();
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
      bodies.push(body);
      spans.push(...spansOf(body));
      // An empty ExportTraceServiceResponse: all was taken.
      response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function spansOf(request: Uint8Array): ReceivedSpan[] {
  return fieldsOf(request, 1).flatMap((resourceSpans) => {
    const resource = fieldsOf(resourceSpans, 1).map((bytes) => attributesOf(bytes, 1))[0] ?? {};
    const scopes = fieldsOf(resourceSpans, 2);
    return scopes.flatMap((scope) =>
      fieldsOf(scope, 2).map((bytes) => ({ service: String(resource["service.name"]), ...spanOf(bytes) })),
    );
  });
}

function spanOf(bytes: Uint8Array): Omit<ReceivedSpan, "service"> {
  const hexOf = (field: number) => Buffer.from(fieldsOf(bytes, field)[0] ?? []).toString("hex");
  const textOf = (of: Uint8Array, field: number) => Buffer.from(fieldsOf(of, field)[0] ?? []).toString();
  const status = fieldsOf(bytes, 15)[0];
  return {
    traceId: hexOf(1),
    spanId: hexOf(2),
    parentSpanId: hexOf(4),
    name: textOf(bytes, 5),
    kind: numberOf(bytes, 6),
    startMs: numberOf(bytes, 7) / 1e6,
    endMs: numberOf(bytes, 8) / 1e6,
    attributes: attributesOf(bytes, 9),
    events: fieldsOf(bytes, 11).map((event) => textOf(event, 2)),
    status: status ? numberOf(status, 3) : 0,
  };
}

function attributesOf(bytes: Uint8Array, field: number): ReceivedSpan["attributes"] {
  return Object.fromEntries(
    fieldsOf(bytes, field).map((pair) => [
      Buffer.from(fieldsOf(pair, 1)[0] ?? []).toString(),
      valueOf(fieldsOf(pair, 2)[0] ?? new Uint8Array()),
    ]),
  );
}

/** AnyValue: 1 text, 2 true or false, 3 whole number, 4 double. */
function valueOf(bytes: Uint8Array): string | number | boolean {
  const reader = new BinaryReader(bytes);
  if (reader.len === 0) return "";
  const [field] = reader.tag();
  if (field === 1) return reader.string();
  if (field === 2) return reader.bool();
  if (field === 3) return Number(reader.int64());
  return reader.double();
}

/** Every length-delimited field of a number: messages, bytes, texts. */
function fieldsOf(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted && type === 2) found.push(reader.bytes());
    else reader.skip(type, field);
  }
  return found;
}

/** A varint or fixed64 field, 0 where there is none. */
function numberOf(bytes: Uint8Array, wanted: number): number {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted) return type === 1 ? Number(reader.fixed64()) : reader.int32();
    reader.skip(type, field);
  }
  return 0;
}
