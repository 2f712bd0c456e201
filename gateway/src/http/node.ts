import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
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
  type LiveSocket,
} from "./http.js";

/** Serves with node:http and ws, where no build of uWebSockets.js loads. @throws Error if the address is taken */
export async function serveNode(options: HttpOptions): Promise<HttpServer> {
  const server = createServer((message, response) => {
    const request = requestOf(message);
    const body = () => collectBody(message, options.bodyBytesMax);
    const method = request.method === "HEAD" ? "GET" : request.method;
    void options.handle({ ...request, method, body }).then((reply) => answer(message, response, reply));
  });
  // Uploads over slow lines last; a head does not.
  server.headersTimeout = 10_000;
  server.requestTimeout = 120_000;
  const sockets = serveLive(server, options);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  let closing: Promise<void> | undefined;
  return {
    description: "node:http and ws",
    port: (server.address() as AddressInfo).port,
    close: () =>
      (closing ??= new Promise((resolve) => {
        for (const socket of sockets.clients) socket.close(1001, "the gateway is restarting");
        sockets.close();
        server.close(() => resolve());
        server.closeAllConnections();
      })),
  };
}

function requestOf(message: IncomingMessage): Omit<HttpRequest, "body"> {
  const url = message.url ?? "/";
  const question = url.indexOf("?");
  return {
    method: message.method ?? "GET",
    path: question < 0 ? url : url.slice(0, question),
    query: new URLSearchParams(question < 0 ? "" : url.slice(question + 1)),
    remoteAddress: (message.socket.remoteAddress ?? "").replace(/^::ffff:/, ""),
    header: (name) => {
      const value = message.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
  };
}

function collectBody(message: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    if (Number(message.headers["content-length"] ?? 0) > DRAIN_BYTES_MAX) {
      reject(new StageFailure("body_too_large"));
      return;
    }
    message.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else chunks.length = 0;
      if (bytes > DRAIN_BYTES_MAX) message.destroy();
    });
    message.once("end", () => {
      if (bytes > bytesMax) reject(new StageFailure("body_too_large"));
      else resolve(Buffer.concat(chunks, bytes));
    });
    message.once("close", () => reject(new StageFailure("bad_request", "the client went away")));
    message.once("error", (cause) =>
      reject(new StageFailure("bad_request", "the client went away", { cause })),
    );
  });
}

function answer(message: IncomingMessage, response: ServerResponse, reply: HttpReply): void {
  const { status, headers, body = "", stream } = reply;
  if (response.destroyed) return;
  // A body that nobody asked for must still be read, or the connection cannot be used again.
  message.resume();
  if (stream && message.method !== "HEAD") {
    response.writeHead(status, headers);
    response.flushHeaders();
    stream(sinkOf(response));
    return;
  }
  response.writeHead(status, { ...headers, "content-length": String(Buffer.byteLength(body)) });
  response.end(message.method === "HEAD" ? undefined : body);
}

function sinkOf(response: ServerResponse): EventSink {
  return {
    // It corks its socket until the end of the tick. Its own cork() loses what is written before an end() (Node 24.21).
    cork: (work) => work(),
    send: (text) => !response.destroyed && response.write(text),
    onDrain: (listener) => void response.on("drain", listener),
    onClose: (listener) => void response.once("close", listener),
    end: () => void response.end(),
  };
}

function serveLive(server: ReturnType<typeof createServer>, { live }: HttpOptions): WebSocketServer {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: live.messageBytesMax });
  server.on("upgrade", (message: IncomingMessage, connection, head) => {
    // From here on nobody else listens: a client that resets it would end the process.
    connection.on("error", () => {});
    const request = requestOf(message);
    const admitted =
      request.path === live.path
        ? live.admit(request)
        : { status: 404, headers: {}, body: "no WebSocket is served here\n" };
    if (typeof admitted !== "function") {
      const { status, headers, body = "" } = admitted;
      const lines = Object.entries({
        ...headers,
        "content-length": String(Buffer.byteLength(body)),
        connection: "close",
      });
      const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      connection.end(`HTTP/1.1 ${status} Refused\r\n${text}\r\n${Buffer.from(body).toString()}`);
      return;
    }
    sockets.handleUpgrade(message, connection, head, (socket) => admitted(liveSocket(socket)));
  });
  return sockets;
}

function liveSocket(socket: WebSocket): LiveSocket {
  let onDrain = () => {};
  let alive = true;
  socket.on("pong", () => (alive = true));
  socket.on("error", () => {});
  const pings = setInterval(
    () => {
      if (!alive) return socket.terminate();
      alive = false;
      socket.ping();
    },
    (SOCKET_IDLE_SECONDS * 1_000) / 2,
  );
  socket.once("close", () => clearInterval(pings));
  const isSlow = () => socket.bufferedAmount >= BACKPRESSURE_BYTES_MAX;
  return {
    cork: (work) => work(),
    send: (text) => {
      if (socket.readyState !== socket.OPEN) return false;
      socket.send(text, () => {
        if (!isSlow()) onDrain();
      });
      return !isSlow();
    },
    onMessage: (listener) =>
      void socket.on("message", (data: Buffer, isBinary) => {
        if (isBinary) socket.close(1003, "text only");
        else listener(data.toString("utf8"));
      }),
    onDrain: (listener) => void (onDrain = listener),
    onClose: (listener) => void socket.once("close", listener),
    close: (code, reason) => socket.close(code, reason),
  };
}
