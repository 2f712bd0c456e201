import { createServer } from "node:net";
import type { HttpResponse, TemplatedApp, WebSocket, us_listen_socket } from "uWebSockets.js";
import { StageFailure } from "@similarfaces/contracts";
import { Bodies } from "./bodies.js";
import { announcedBytes, checkHead, framingFault } from "./framing.js";
import type { HttpOptions, HttpServer } from "./http.js";
import { loadUws } from "./loadUws.js";
import { replyTo } from "./validReply.js";
import { Underway } from "./underway.js";
import { Exchange, answerAndClose } from "./uwsExchange.js";
import { serveLive, type SocketData } from "./uwsLive.js";
import { copyHead, type UwsRequest } from "./uwsRequest.js";

/** Serves with uWebSockets.js; undefined where no build of it loads. @throws Error if the address is taken */
export async function serveUws(options: HttpOptions): Promise<HttpServer | undefined> {
  const found = loadUws();
  if (!found) return undefined;
  const { uws, name } = found;
  const app = uws.App();
  const open = new Set<Exchange>();
  const sockets = new Set<WebSocket<SocketData>>();
  const bodies = new Bodies(options.limits, options.onBodies);
  const underway = new Underway();
  let isLeaving = false;
  serveLive(app, options, sockets);
  app.any("/*", (res, req) => {
    try {
      serveOne(res, req);
    } catch (error) {
      options.onFault(error);
      res.close();
    }
  });
  const listening = await listen(app, options);
  const refuseBodies = () => bodies.refuse(new StageFailure("unavailable"));
  let closing: Promise<void> | undefined;
  return {
    description: name,
    port: (uws.us_socket_local_port ?? uws.getSocketPort)(listening),
    refuseBodies,
    close: () =>
      (closing ??= (async () => {
        isLeaving = true;
        refuseBodies();
        await underway.settled(() => (uws.us_listen_socket_close ?? uws.closeSocket)(listening));
        for (const socket of sockets) socket.end(1001, "the gateway is restarting");
        for (const exchange of open) exchange.cut();
        bodies.close();
      })()),
  };

  function serveOne(res: HttpResponse, req: UwsRequest): void {
    const { fields, request } = copyHead(req, res);
    const fault = framingFault(fields);
    if (fault) return answerAndClose(res, options.refusal(fault));
    const announced = announcedBytes(fields);
    const body = bodies.begin(announced, {
      over: () => exchange.bodyIsOver(),
      spent: () => exchange.cut(),
    });
    const { answered, ended } = underway.begin();
    const exchange = new Exchange(res, {
      withoutBody: request.method === "HEAD",
      body,
      onAnswered: answered,
      onFault: options.onFault,
      // uWS skips two bytes after the last chunk, whatever they are, and reads a trailer as the next request.
      isKept: () => !isLeaving && announced !== undefined,
    });
    open.add(exchange);
    exchange.onClose(() => {
      open.delete(exchange);
      ended();
      body.gone();
    });
    // Nothing of the response is touched here: it may have ended long before its body.
    res.onData((chunk, isLast) => exchange.guard(() => body.receive(new Uint8Array(chunk), isLast)));
    const asGet = request.method === "HEAD" ? { ...request, method: "GET" } : request;
    const asked = async () => {
      checkHead(fields, false);
      return options.handle({ ...asGet, body: () => body.whole() });
    };
    void replyTo(asked, options).then((reply) => {
      body.drop();
      if (reply.stream) ended();
      exchange.answer(reply);
    });
  }
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
      else reject(addressInUse(host, port));
    });
  });
}

/** @throws Error if somebody listens there */
function tryPort(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const trial = createServer();
    trial.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? addressInUse(host, port) : error),
    );
    trial.listen({ host, port, exclusive: true }, () => trial.close(() => resolve()));
  });
}

function addressInUse(host: string, port: number): Error {
  return Object.assign(new Error(`${host}:${port} is taken`), { code: "EADDRINUSE" });
}
