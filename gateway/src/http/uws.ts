import { readFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import type { HttpResponse, TemplatedApp, WebSocket, us_listen_socket } from "uWebSockets.js";
import { StageFailure } from "@similarfaces/contracts";
import {
  BACKPRESSURE_BYTES_MAX,
  DRAIN_BYTES_MAX,
  SOCKET_IDLE_SECONDS,
  type EventSink,
  type HttpOptions,
  type HttpReply,
  type HttpRequest,
  type HttpServer,
  type Listener,
  type LiveSocket,
  type SocketTaker,
} from "./http.js";

type Uws = typeof import("uWebSockets.js") & {
  /** The older build's names. */
  getSocketPort: (socket: us_listen_socket) => number;
  closeSocket: (socket: us_listen_socket) => void;
};

/** Two republications of uWebSockets.js on the registry: upstream's binaries (glibc 2.38), and an older build for older ones. */
const PACKAGES = ["uWebSockets.js", "uws-glibc-2-36"];

interface Loaded {
  uws: Uws;
  name: string;
}

let loaded: Loaded | undefined | null = null;

/** The first republication whose binary loads on this machine, or undefined. */
function loadUws(): Loaded | undefined {
  if (loaded !== null) return loaded;
  const require = createRequire(import.meta.url);
  for (const name of PACKAGES) {
    try {
      const module = require(name) as Uws & { default?: Uws };
      // Beside the program: neither package exports its package.json.
      const { version } = JSON.parse(
        readFileSync(join(dirname(require.resolve(name)), "package.json"), "utf8"),
      ) as { version: string };
      return (loaded = {
        uws: module.default ?? module,
        name: `uWebSockets.js (package ${name} ${version})`,
      });
    } catch {
      // A libc or Node that this build is not for: the next one, or none.
    }
  }
  return (loaded = undefined);
}

/** Serves with uWebSockets.js; undefined where no build of it loads. @throws Error if the address is taken */
export async function serveUws(options: HttpOptions): Promise<HttpServer | undefined> {
  const found = loadUws();
  if (!found) return undefined;
  const { uws, name } = found;
  const app = uws.App();
  const open = new Set<HttpResponse>();
  const sockets = new Set<WebSocket<SocketData>>();
  serveLive(app, options, sockets);
  app.any("/*", (res, req) => {
    const request = copyRequest(req.getMethod(), req, res);
    const exchange = new Exchange(res, request.method === "HEAD", () => open.delete(res));
    open.add(res);
    const body = collectBody(res, exchange, request, options.bodyBytesMax);
    const asGet = request.method === "HEAD" ? { ...request, method: "GET" } : request;
    void options.handle({ ...asGet, body: () => body }).then((reply) => exchange.answer(reply));
  });
  const listening = await listen(app, options);
  let closing: Promise<void> | undefined;
  return {
    description: name,
    port: (uws.us_socket_local_port ?? uws.getSocketPort)(listening),
    close: () =>
      (closing ??= (async () => {
        (uws.us_listen_socket_close ?? uws.closeSocket)(listening);
        for (const socket of sockets) socket.end(1001, "the gateway is restarting");
        for (const res of open) res.close();
      })()),
  };
}

/**
 * Not with LIBUS_LISTEN_EXCLUSIVE_PORT, which leaves SO_REUSEADDR out: a gateway that was killed could not come back to its port
 * before the last of its connections is forgotten, a minute later. But without it two gateways on one port would share its
 * visitors silently, so the port is tried first.
 */
async function listen(app: TemplatedApp, { host, port }: HttpOptions): Promise<us_listen_socket> {
  await tryPort(host, port);
  return new Promise((resolve, reject) => {
    app.listen(host, port, (socket) => {
      if (socket) resolve(socket);
      else reject(taken(host, port));
    });
  });
}

/** @throws Error if somebody listens there */
function tryPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const trial = createServer();
    trial.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? taken(host, port) : error),
    );
    trial.listen({ host, port, exclusive: true }, () => trial.close(() => resolve()));
  });
}

function taken(host: string, port: number): Error {
  return Object.assign(new Error(`${host}:${port} is taken`), { code: "EADDRINUSE" });
}

/** uWS's request lives on the stack of its handler: everything is copied out at once. */
function copyRequest(method: string, req: UwsRequest, res: HttpResponse): Omit<HttpRequest, "body"> {
  const headers = new Map<string, string>();
  const keep = (name: string, value: string): void => void headers.set(name, value);
  if (req.forEach) req.forEach(keep);
  else req.forEachHeader?.(keep);
  return {
    method: method.toUpperCase(),
    path: req.getUrl(),
    query: new URLSearchParams(req.getQuery()),
    remoteAddress: plainAddress(Buffer.from(res.getRemoteAddressAsText()).toString()),
    header: (name) => headers.get(name),
  };
}

/** Each build has one of the two. */
interface UwsRequest {
  getUrl(): string;
  getQuery(): string;
  forEach?(each: (name: string, value: string) => void): void;
  forEachHeader?(each: (name: string, value: string) => void): void;
}

/** uWS writes all of an IPv6 address's zeros; where it listens on both, IPv4 comes inside one. */
export function plainAddress(address: string): string {
  if (/^(0+:){7}0*1$/.test(address)) return "::1";
  const mapped = /^(?:0+:){5}ffff:([0-9a-f]{2})([0-9a-f]{2}):([0-9a-f]{2})([0-9a-f]{2})$/i.exec(address);
  return mapped
    ? mapped
        .slice(1)
        .map((byte) => Number.parseInt(byte, 16))
        .join(".")
    : address;
}

function collectBody(
  res: HttpResponse,
  exchange: Exchange,
  request: Omit<HttpRequest, "body">,
  bytesMax: number,
): Promise<Uint8Array> {
  const announced = Number(request.header("content-length") ?? 0);
  const body = new Promise<Uint8Array>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    exchange.onClose(() => reject(new StageFailure("bad_request", "the client went away")));
    if (announced > DRAIN_BYTES_MAX) {
      reject(new StageFailure("body_too_large"));
      return;
    }
    res.onData((chunk, isLast) => {
      bytes += chunk.byteLength;
      // The chunk is gone when this handler returns.
      if (bytes <= bytesMax) chunks.push(Buffer.from(chunk.slice(0)));
      else chunks.length = 0;
      if (bytes > DRAIN_BYTES_MAX) return void res.close();
      if (!isLast) return;
      if (bytes > bytesMax) reject(new StageFailure("body_too_large"));
      else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes));
    });
  });
  // Nobody may ever ask for it.
  body.catch(() => {});
  return body;
}

/** One response: knows whether the client is still there, which uWS asks never to forget. */
class Exchange {
  readonly #res: HttpResponse;
  readonly #withoutBody: boolean;
  readonly #listeners: Listener[] = [];
  #closed = false;

  constructor(res: HttpResponse, withoutBody: boolean, onEnd: Listener) {
    this.#res = res;
    this.#withoutBody = withoutBody;
    this.#listeners.push(onEnd);
    res.onAborted(() => this.#close());
  }

  onClose(listener: Listener): void {
    if (this.#closed) listener();
    else this.#listeners.push(listener);
  }

  answer({ status, headers, body = "", stream }: HttpReply): void {
    if (this.#closed) return;
    const res = this.#res;
    res.cork(() => {
      res.writeStatus(`${status} ${STATUS_CODES[status] ?? ""}`);
      for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value);
      if (this.#withoutBody) {
        // Given to endWithoutBody, the length leaves the response pending, and the connection's next request is cut off.
        if (!stream) res.writeHeader("content-length", String(Buffer.byteLength(body)));
        res.endWithoutBody();
        this.#close();
      } else if (stream) {
        stream(this.#sink());
      } else {
        this.#end(typeof body === "string" ? Buffer.from(body) : body);
      }
    });
  }

  /** A large body goes out as the client takes it. */
  #end(body: Uint8Array): void {
    const res = this.#res;
    // What is beyond this comes again by onWritable; uWS wants the bytes as they were.
    const bytes = body as Uint8Array<ArrayBuffer>;
    const [ok, done] = res.tryEnd(bytes, bytes.byteLength);
    if (done || ok) return this.#close();
    res.onWritable((offset) => {
      const [sent, all] = res.tryEnd(bytes.subarray(offset), bytes.byteLength);
      if (all) this.#close();
      return sent;
    });
  }

  #sink(): EventSink {
    const res = this.#res;
    let onDrain: Listener = () => {};
    res.onWritable(() => {
      onDrain();
      return true;
    });
    return {
      // Called in each other, the outermost counts.
      cork: (work) => {
        if (this.#closed) work();
        else res.cork(work);
      },
      send: (text) => {
        if (this.#closed) return false;
        let ok = true;
        res.cork(() => void (ok = res.write(text)));
        return ok;
      },
      onDrain: (listener) => void (onDrain = listener),
      onClose: (listener) => this.onClose(listener),
      end: () => {
        if (this.#closed) return;
        res.cork(() => void res.end());
        this.#close();
      },
    };
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const listener of this.#listeners) listener();
  }
}

/** What `send` answers for a message beyond `maxBackpressure`. */
const DROPPED = 2;

interface SocketData {
  take: SocketTaker;
  onMessage: (text: string) => void;
  onDrain: Listener;
  onClose: Listener[];
}

function serveLive(app: TemplatedApp, { live }: HttpOptions, sockets: Set<WebSocket<SocketData>>): void {
  app.ws<SocketData>(live.path, {
    idleTimeout: SOCKET_IDLE_SECONDS,
    sendPingsAutomatically: true,
    maxPayloadLength: live.messageBytesMax,
    maxBackpressure: 8 * BACKPRESSURE_BYTES_MAX,
    upgrade(res, req, context) {
      const request = copyRequest("GET", req, res);
      const admitted = live.admit(request);
      if (typeof admitted !== "function") {
        new Exchange(res, false, () => {}).answer(admitted);
        return;
      }
      res.upgrade<SocketData>(
        { take: admitted, onMessage: () => {}, onDrain: () => {}, onClose: [] },
        request.header("sec-websocket-key") ?? "",
        request.header("sec-websocket-protocol") ?? "",
        request.header("sec-websocket-extensions") ?? "",
        context,
      );
    },
    open(ws) {
      sockets.add(ws);
      ws.getUserData().take(liveSocket(ws));
    },
    message(ws, message, isBinary) {
      if (isBinary) ws.end(1003, "text only");
      else ws.getUserData().onMessage(Buffer.from(message).toString("utf8"));
    },
    drain(ws) {
      if (ws.getBufferedAmount() < BACKPRESSURE_BYTES_MAX) ws.getUserData().onDrain();
    },
    close(ws) {
      sockets.delete(ws);
      for (const listener of ws.getUserData().onClose) listener();
    },
  });
}

function liveSocket(ws: WebSocket<SocketData>): LiveSocket {
  const data = ws.getUserData();
  let isOpen = true;
  data.onClose.push(() => void (isOpen = false));
  return {
    cork: (work) => {
      if (isOpen) ws.cork(work);
      else work();
    },
    send: (text) => {
      if (!isOpen) return false;
      // Flagged for compression, and nothing is compressed: builds before September 2023 lose bytes of a message beyond
      // 16 KiB on the other path (uNetworking/uWebSockets#1662).
      // Lost between others it would never be missed: the viewer comes back and resumes.
      if (ws.send(text, false, true) === DROPPED) ws.end(1013, "too slow");
      return isOpen && ws.getBufferedAmount() < BACKPRESSURE_BYTES_MAX;
    },
    onMessage: (listener) => void (data.onMessage = listener),
    onDrain: (listener) => void (data.onDrain = listener),
    onClose: (listener) => void data.onClose.push(listener),
    close: (code, reason) => {
      if (isOpen) ws.end(code, reason);
    },
  };
}
