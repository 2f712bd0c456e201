import { WebSocket } from "ws";

interface LiveMessage {
  type: string;
  jobId: string;
  sequence: number;
  event: { stage: string };
  failure: { code: string };
}

/** A socket to any address of a gateway, over which anything may be sent. */
export async function openRawSocket(url: string, headers: Record<string, string> = {}) {
  const address = new URL(url);
  if (address.pathname === "/") address.pathname = "/v1/live";
  address.protocol = "ws:";
  const socket = new WebSocket(address, { headers });
  const messages: LiveMessage[] = [];
  socket.on("message", (data: Buffer) => messages.push(JSON.parse(data.toString()) as LiveMessage));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => {});
  return {
    messages,
    send: (message: object) => socket.send(JSON.stringify(message)),
    sendText: (text: string) => socket.send(text),
    sendBytes: (bytes: Uint8Array) => socket.send(bytes),
    closed: () => socket.readyState === WebSocket.CLOSED,
    close: () => socket.close(),
  };
}
