import type { IncomingMessage, Server } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";
import { framingFault } from "./framing.js";
import { BACKPRESSURE_BYTES_MAX, SOCKET_IDLE_SECONDS, type HttpOptions, type LiveSocket } from "./http.js";
import { copyHead } from "./nodeRequest.js";
import { admitUpgrade } from "./validReply.js";

export function serveLive(server: Server, options: HttpOptions): WebSocketServer {
  const { live, onFault } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: live.messageBytesMax });
  server.on("upgrade", (message: IncomingMessage, connection, head) => {
    // From here on nobody else listens: a client that resets it would end the process.
    connection.on("error", () => {});
    const { fields, request } = copyHead(message);
    const fault = framingFault(fields);
    const admitted = fault
      ? options.refusal(fault)
      : request.path === live.path
        ? admitUpgrade(fields, request, options)
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
    sockets.handleUpgrade(message, connection, head, (socket) => {
      try {
        admitted(liveSocket(socket, onFault));
      } catch (error) {
        onFault(error);
        socket.close(1011, "a bug of the gateway");
      }
    });
  });
  return sockets;
}

function liveSocket(socket: WebSocket, onFault: (error: unknown) => void): LiveSocket {
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
  const guard = (work: () => void) => {
    try {
      work();
    } catch (error) {
      onFault(error);
      socket.close(1011, "a bug of the gateway");
    }
  };
  return {
    cork: (work) => work(),
    send: (text) => {
      if (socket.readyState !== socket.OPEN) return false;
      socket.send(text, () => {
        if (!isSlow()) guard(onDrain);
      });
      return !isSlow();
    },
    onMessage: (listener) =>
      void socket.on("message", (data: Buffer, isBinary) => {
        if (isBinary) socket.close(1003, "text only");
        else guard(() => listener(data.toString("utf8")));
      }),
    onDrain: (listener) => void (onDrain = listener),
    onClose: (listener) => void socket.once("close", () => guard(listener)),
  };
}
