import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { newJobId, type ResultEvent } from "@similarfaces/contracts";
import { WebSocketServer } from "ws";

/** What the gateway does with a photo, given how many came before it. */
export interface Script {
  /** The events of the job and `complete`, each after so many milliseconds. */
  events?: (jobId: string) => { afterMs: number; event: ResultEvent }[];
  /** Answer every upload with this status and failure code instead. */
  refuse?: { status: number; code: string };
  /** Hold every answer back for so long. */
  stallMs?: number;
  /** Cut the connection instead of sending `complete`. */
  cut?: boolean;
  /** Fields that `complete` calls expired. */
  expired?: readonly string[];
}

/** The public API of a gateway as far as the generator speaks it, answering by a script. */
export interface ScriptedGateway {
  url: string;
  /** When each photo arrived, in `performance.now()` milliseconds, and how large it was. */
  uploads: { atMs: number; bytes: number; transport: "sse" | "websocket" }[];
  close(): Promise<void>;
}

export async function startScriptedGateway(script: Script): Promise<ScriptedGateway> {
  const uploads: ScriptedGateway["uploads"] = [];
  const server = createServer((request, response) => void answer(request, response));
  const sockets = new WebSocketServer({ server, path: "/v1/live" });

  sockets.on("connection", (socket) => {
    socket.on("message", async (data: Buffer) => {
      const { jobId } = JSON.parse(data.toString("utf8")) as { jobId: string };
      let sequence = 0;
      for await (const event of play(jobId, script)) {
        socket.send(JSON.stringify({ type: "result", jobId, sequence: ++sequence, event }));
      }
      if (script.cut) socket.terminate();
      else socket.send(JSON.stringify({ type: "complete", jobId, state: "complete" }));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const atMs = performance.now();
    let bytes = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) bytes += chunk.length;
    const sse = request.headers.accept === "text/event-stream";
    uploads.push({ atMs, bytes, transport: sse ? "sse" : "websocket" });
    if (script.refuse) return refuse(response, script.refuse);
    const jobId = newJobId(Date.now());
    if (!sse) {
      response.writeHead(202, { "content-type": "application/json" }).end(JSON.stringify({ jobId }));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    for await (const event of play(jobId, script)) {
      response.write(`id: 1\nevent: ${event.stage}\ndata: ${JSON.stringify(event)}\n\n`);
    }
    if (script.cut) response.end();
    else {
      const completion = { jobId, state: "complete", expired: script.expired ?? [] };
      response.end(`event: complete\ndata: ${JSON.stringify(completion)}\n\n`);
    }
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    uploads,
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function* play(jobId: string, { events, stallMs = 0 }: Script): AsyncGenerator<ResultEvent> {
  await sleep(stallMs);
  for (const { afterMs, event } of events?.(jobId) ?? []) {
    if (afterMs > 0) await sleep(afterMs);
    yield event;
  }
}

function refuse(response: ServerResponse, { status, code }: { status: number; code: string }): void {
  response.writeHead(status, { "content-type": "application/json", "retry-after": "7" });
  response.end(JSON.stringify({ failure: { code, message: "no", retryable: true } }));
}
