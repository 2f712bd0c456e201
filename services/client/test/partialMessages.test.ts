import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { newJobId } from "@similarfaces/contracts";
import { expect, it } from "vitest";
import { Gateway } from "../src/mod.js";

const JOB = newJobId(Date.now());
const event = (name: string, data: object, id?: number) =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify({ jobId: JOB, stage: name, ...data })}\n\n`;

/** What a gateway sends of a job with two faces, each of whose messages answers both. */
const WHOLE = [
  event("accepted", {}, 1),
  event("age", { face: 0 }),
  event("age", { face: 1 }, 4),
  event("gender", { face: 0 }),
  event("gender", { face: 1 }, 7),
  event("complete", { state: "complete" }),
];

/** From `after` on, as a gateway resumes. */
const rest = (after: number) => WHOLE.slice(after === 0 ? 0 : after === 1 ? 1 : after === 4 ? 3 : 5);

it.each([1, 2, 3, 4, 5])(
  "a stream that is cut off after %d events, between two faces or not, yields each result once",
  async (count) => {
    const asked: number[] = [];
    const server = createServer((request, response) => {
      const after = Number(new URL(request.url!, "http://gateway").searchParams.get("after") ?? 0);
      asked.push(after);
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (asked.length > 1) return void response.end(rest(after).join(""));
      response.write(rest(after).slice(0, count).join(""), () => response.destroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const seen: string[] = [];
    const sequences: number[] = [];
    for await (const message of new Gateway({ url }).jobs.follow(JOB)) {
      if (message.type === "complete") break;
      seen.push(`${message.event.stage} ${message.event.face}`);
      sequences.push(message.sequence);
    }
    server.close();
    expect(seen).toEqual(["accepted undefined", "age 0", "age 1", "gender 0", "gender 1"]);
    expect(sequences).toEqual([1, 1, 4, 4, 7]);
    expect(asked).toEqual([0, [1, 1, 4, 4, 7][count - 1]]);
  },
);
