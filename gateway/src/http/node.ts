import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { StageFailure } from "@similarfaces/contracts";
import { Bodies } from "./bodies.js";
import { announcedBytes, checkHead, framingFault } from "./framing.js";
import type { HttpOptions, HttpServer } from "./http.js";
import { Exchange } from "./nodeExchange.js";
import { serveLive } from "./nodeLive.js";
import { copyHead } from "./nodeRequest.js";
import { replyTo } from "./validReply.js";
import { Underway } from "./underway.js";

/** uWS gives a head as long. */
const HEAD_MS = 10_000;

/** Serves with node:http and ws, where no build of uWebSockets.js loads. @throws Error if the address is taken */
export async function serveNode(options: HttpOptions): Promise<HttpServer> {
  const bodies = new Bodies(options.limits, options.onBodies);
  const underway = new Underway();
  /** Connections on which nothing more is run. */
  const distrusted = new WeakSet<Socket>();
  let isLeaving = false;
  const server = createServer(
    // Bodies have their own clock.
    { headersTimeout: HEAD_MS, requestTimeout: 0, connectionsCheckingInterval: 1_000 },
    (message, response) => {
      if (distrusted.has(message.socket)) return void message.socket.destroy();
      try {
        serveOne(message, response);
      } catch (error) {
        options.onFault(error);
        message.socket.destroy();
      }
    },
  );
  // Counted by checkHead; what is beyond this number Node leaves out in silence.
  server.maxHeadersCount = 0;
  const sockets = serveLive(server, options);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const refuseBodies = () => bodies.refuse(new StageFailure("unavailable"));
  let closing: Promise<void> | undefined;
  return {
    description: "node:http and ws",
    port: (server.address() as AddressInfo).port,
    refuseBodies,
    close: () =>
      (closing ??= (async () => {
        isLeaving = true;
        refuseBodies();
        let closed: Promise<void> | undefined;
        await underway.settled(() => {
          closed = new Promise((resolve) => server.close(() => resolve()));
        });
        for (const socket of sockets.clients) socket.close(1001, "the gateway is restarting");
        sockets.close();
        server.closeAllConnections();
        await closed;
        bodies.close();
      })()),
  };

  function serveOne(message: IncomingMessage, response: ServerResponse): void {
    const { fields, request } = copyHead(message);
    message.on("error", () => {});
    response.on("error", () => {});
    const fault = framingFault(fields);
    if (fault) {
      distrusted.add(message.socket);
      const { status, headers, body } = options.refusal(fault);
      response.writeHead(status, { ...headers, connection: "close" });
      response.end(body);
      return;
    }
    const body = bodies.begin(announcedBytes(fields), {
      over: () => exchange.bodyIsOver(),
      spent: () => exchange.cut(),
    });
    const exchange = new Exchange(message, response, {
      body,
      onFault: options.onFault,
      isLeaving: () => isLeaving,
    });
    const { answered, ended } = underway.begin();
    response.once("finish", answered).once("close", () => {
      body.gone();
      answered();
      ended();
    });
    message.on("data", (chunk: Buffer) => exchange.guard(() => body.receive(chunk, false)));
    message.once("end", () => exchange.guard(() => body.receive(Buffer.alloc(0), true)));
    const method = request.method === "HEAD" ? "GET" : request.method;
    const asked = async () => {
      checkHead(fields, false);
      return options.handle({ ...request, method, body: () => body.whole() });
    };
    void replyTo(asked, options).then((reply) => {
      body.drop();
      exchange.answer(reply);
      if (!reply.stream && body.isOver) return;
      // Streams go on, and bodies that were answered early; neither is waited for as an answer is.
      setImmediate(answered);
      if (reply.stream) ended();
    });
  }
}
