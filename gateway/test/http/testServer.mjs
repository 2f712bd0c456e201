// A server of one HTTP driver, in a process of its own, with a handler that answers as its address says. Plain JavaScript: it is also
// run through another libc's loader. Arguments: driver, a package of uWebSockets.js to be left out, limits as JSON.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import Module from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { StageFailure } from "@similarfaces/contracts";

const [driver, leftOut, limits] = process.argv.slice(2);
const REQUIRE = "_load";
const load = Module[REQUIRE];
Module[REQUIRE] = (name, ...rest) => {
  if (name === leftOut) throw new Error("left out");
  return load(name, ...rest);
};
const { serve } = await import("../../dist/http/serve.js");
const { replyOfFailure } = await import("../../dist/requests/failures.js");

const LARGE = Buffer.alloc(300_000, "l");
const seen = { faults: 0, heldBytes: 0, ran: [], messages: 0 };
const digest = (bytes) => `${bytes.length} ${createHash("sha1").update(bytes).digest("hex")}`;
const ok = (body) => ({ status: 200, headers: { "content-type": "text/plain" }, body });
const streamOf = (write) => ({
  status: 200,
  headers: { "content-type": "text/event-stream" },
  stream: write,
});

const answers = {
  "/echo": async ({ body }) => ok(digest(await body())),
  "/late-echo": async ({ body }) => {
    await sleep(20);
    return ok(digest(await body()));
  },
  "/now": async () => {
    throw new StageFailure("not_found");
  },
  "/late": async () => {
    await sleep(20);
    throw new StageFailure("not_found");
  },
  "/large": async () => ok(LARGE),
  "/late-large": async () => {
    await sleep(20);
    return ok(LARGE);
  },
  "/stream": async () =>
    streamOf(async (sink) => {
      for (let i = 0; i < 3; i++) {
        sink.cork(() => sink.send(`event ${i}\n`));
        await sleep(3);
      }
      sink.end();
      sink.end();
      sink.send("nobody hears this");
    }),
  "/endless": async () =>
    streamOf((sink) => {
      const timer = setInterval(() => sink.send("x".repeat(100)), 5);
      sink.onClose(() => clearInterval(timer));
    }),
  "/ran": async ({ query }) => {
    seen.ran.push(query.get("id"));
    return ok("ran");
  },
  "/throws": async () => {
    throw new TypeError("a bug");
  },
  "/bad-header": async () => ({ status: 200, headers: { location: "/a\r\nset-cookie: b" }, body: "" }),
  "/bad-status": async () => ({ status: 99, headers: {}, body: "" }),
  "/bad-stream": async () =>
    streamOf(() => {
      throw new TypeError("a bug");
    }),
  "/bad-cork": async () =>
    streamOf((sink) =>
      sink.cork(() => {
        throw new TypeError("a bug");
      }),
    ),
  "/bad-listener": async () =>
    streamOf((sink) => {
      sink.onClose(() => {
        throw new TypeError("a bug");
      });
      sink.end();
    }),
};

const server = await serve(driver, {
  host: "127.0.0.1",
  port: 0,
  limits: JSON.parse(limits),
  async handle(request) {
    try {
      return await answers[request.path](request);
    } catch (error) {
      if (error instanceof StageFailure) return replyOfFailure(error);
      throw error;
    }
  },
  refusal: replyOfFailure,
  onFault: () => void seen.faults++,
  onBodies: (bytes) => void (seen.heldBytes = bytes),
  live: {
    path: "/live",
    messageBytesMax: 4_096,
    admit: ({ query }) => {
      if (query.has("throws")) throw new TypeError("a bug");
      return query.has("refused") ? { status: 400, headers: {}, body: "no" } : take;
    },
  },
});

const control = createServer((_, response) => {
  const { rss, external, arrayBuffers } = process.memoryUsage();
  response.end(JSON.stringify({ ...seen, rss, external, arrayBuffers }));
}).listen(0, "127.0.0.1", () => {
  const { port, description } = server;
  process.stdout.write(`${JSON.stringify({ port, description, control: control.address().port })}\n`);
});
process.on("SIGTERM", () => void server.close().then(() => process.exit(0)));

function take(socket) {
  socket.onClose(() => {
    throw new TypeError("a bug");
  });
  socket.onMessage((text) => {
    seen.messages++;
    if (text === "throw") throw new TypeError("a bug");
    socket.cork(() => socket.send(text));
  });
}
