import { WebSocket } from "ws";
import { expect } from "vitest";
import type { AnnouncementJson, ResultEvent } from "@similarfaces/contracts";

export interface LiveMessage {
  type: "result" | "complete" | "failure" | "analyzers";
  jobId: string;
  sequence?: number;
  event?: ResultEvent;
  expired?: { stage: string; face?: number }[];
  failure?: { code: string };
  analyzers?: AnnouncementJson[];
}

/** A page's socket, and all that it was sent. */
export async function openLiveSocket(url: string) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/live`);
  const messages: LiveMessage[] = [];
  let listener: (message: LiveMessage) => void = () => {};
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString()) as LiveMessage;
    messages.push(message);
    listener(message);
  });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const send = (type: string, jobId?: string, after?: number) =>
    socket.send(JSON.stringify({ type, jobId, after }));
  return {
    messages,
    onMessage: (call: (message: LiveMessage) => void) => void (listener = call),
    watch: (jobId: string, after?: number) => send("watch", jobId, after),
    awaitDeletion: (jobId: string) => send("deletion", jobId),
    unwatch: (jobId: string) => send("unwatch", jobId),
    askForAnalyzers: () => send("analyzers"),
    /** Stages in the order in which they came, and how it ended. */
    async untilEnd(jobId: string, timeout = 20_000): Promise<string[]> {
      const own = () => messages.filter((message) => message.jobId === jobId);
      await expect.poll(() => own().at(-1)?.type, { timeout, interval: 20 }).toMatch(/complete|failure/);
      return own().map(({ type, event }) => event?.stage ?? type);
    },
    close: () =>
      new Promise<void>((resolve) => {
        socket.once("close", () => resolve());
        socket.close();
      }),
  };
}
