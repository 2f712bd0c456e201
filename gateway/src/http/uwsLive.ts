import type { TemplatedApp, WebSocket } from "uWebSockets.js";
import { framingFault } from "./framing.js";
import {
  BACKPRESSURE_BYTES_MAX,
  SOCKET_IDLE_SECONDS,
  type HttpOptions,
  type Listener,
  type LiveSocket,
  type SocketHandler,
} from "./http.js";
import { admitUpgrade } from "./validReply.js";
import { answerAndClose, answerAtOnce } from "./uwsExchange.js";
import { copyHead } from "./uwsRequest.js";

/** What `send` answers for a message beyond `maxBackpressure`. */
const DROPPED = 2;

export interface SocketData {
  onOpen: SocketHandler;
  onMessage: (text: string) => void;
  onDrain: Listener;
  onClose: Listener[];
}

export function serveLive(
  app: TemplatedApp,
  options: HttpOptions,
  sockets: Set<WebSocket<SocketData>>,
): void {
  const { live, onFault } = options;
  app.ws<SocketData>(live.path, {
    idleTimeout: SOCKET_IDLE_SECONDS,
    sendPingsAutomatically: true,
    maxPayloadLength: live.messageBytesMax,
    maxBackpressure: 8 * BACKPRESSURE_BYTES_MAX,
    upgrade(res, req, context) {
      const { fields, request } = copyHead(req, res);
      const fault = framingFault(fields);
      if (fault) return answerAndClose(res, options.refusal(fault));
      const admitted = admitUpgrade(fields, request, options);
      if (typeof admitted !== "function") return answerAtOnce(res, admitted);
      res.upgrade<SocketData>(
        { onOpen: admitted, onMessage: () => {}, onDrain: () => {}, onClose: [] },
        request.header("sec-websocket-key") ?? "",
        request.header("sec-websocket-protocol") ?? "",
        request.header("sec-websocket-extensions") ?? "",
        context,
      );
    },
    open: (ws) =>
      guard(ws, () => {
        sockets.add(ws);
        ws.getUserData().onOpen(liveSocket(ws));
      }),
    message: (ws, message, isBinary) =>
      guard(ws, () => {
        if (isBinary) ws.end(1003, "text only");
        else ws.getUserData().onMessage(Buffer.from(message).toString("utf8"));
      }),
    drain: (ws) =>
      guard(ws, () => {
        if (ws.getBufferedAmount() < BACKPRESSURE_BYTES_MAX) ws.getUserData().onDrain();
      }),
    close(ws) {
      sockets.delete(ws);
      for (const listener of ws.getUserData().onClose) {
        try {
          listener();
        } catch (error) {
          onFault(error);
        }
      }
    },
  });

  function guard(ws: WebSocket<SocketData>, work: () => void): void {
    try {
      work();
    } catch (error) {
      onFault(error);
      // The work itself may have ended it.
      if (sockets.has(ws)) ws.end(1011, "a bug of the gateway");
    }
  }
}

function liveSocket(ws: WebSocket<SocketData>): LiveSocket {
  const data = ws.getUserData();
  let isOpen = true;
  data.onClose.push(() => void (isOpen = false));
  return {
    cork: (work) => {
      if (!isOpen) return work();
      let fault: { error: unknown } | undefined;
      ws.cork(() => {
        try {
          work();
        } catch (error) {
          fault = { error };
        }
      });
      if (fault) throw fault.error;
    },
    send: (text) => {
      if (!isOpen) return false;
      // Flagged for compression, and nothing is compressed: builds before September 2023 lose bytes of a message beyond
      // 16 KiB on the other path (uNetworking/uWebSockets#1662).
      // A viewer would not notice that one message is missing; one that is disconnected comes back and resumes.
      if (ws.send(text, false, true) === DROPPED) ws.end(1013, "too slow");
      return isOpen && ws.getBufferedAmount() < BACKPRESSURE_BYTES_MAX;
    },
    onMessage: (listener) => void (data.onMessage = listener),
    onDrain: (listener) => void (data.onDrain = listener),
    onClose: (listener) => void data.onClose.push(listener),
  };
}
