import { Agent, request } from "node:http";

/** Connections are kept, as a browser keeps them. */
const agent = new Agent({ keepAlive: true });

/**
 * Sends a photo and waits for the end of its results without reading them: a client that costs the cores it shares with the
 * mesh as little as it can. @throws Error where not everything was answered
 */
export function analyseUnread(
  url: string,
  photo: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sending = request(
      new URL("/v1/jobs", url),
      {
        method: "POST",
        agent,
        headers: { accept: "text/event-stream", "content-length": photo.length, ...headers },
      },
      (response) => {
        const last: Buffer[] = [];
        response.on("data", (chunk: Buffer) => {
          // The completion is the last event, and a short one.
          last.push(chunk);
          if (last.length > 4) last.shift();
        });
        response.once("error", reject);
        response.once("end", () => {
          const end = Buffer.concat(last).toString("utf8");
          const completion = end.slice(end.lastIndexOf("event: complete"));
          if (response.statusCode === 200 && completion.includes('"expired":[]')) resolve();
          else reject(new Error(`status ${response.statusCode}: ${end.slice(-300)}`));
        });
      },
    );
    sending.once("error", reject);
    sending.end(photo);
  });
}
