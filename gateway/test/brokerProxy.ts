import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** Stands between a client and nats-server, and loses or holds back what the server says. */
export interface BrokerProxy {
  readonly url: string;
  /** Messages whose subject fits are not passed on; undefined for none. */
  lose(subjects: RegExp | undefined): void;
  /** How many were not. */
  readonly lost: number;
  /** Nothing passes in either direction until `resume`. */
  stall(): void;
  resume(): void;
  /** Ends every connection; the next is taken. */
  cut(): void;
  close(): Promise<void>;
}

export async function startBrokerProxy(serverPort: number): Promise<BrokerProxy> {
  const sockets = new Set<Socket>();
  let losing: RegExp | undefined;
  let lost = 0;
  let isStalled = false;
  const server = createServer((client) => {
    const upstream = connect(serverPort, "127.0.0.1");
    const pass = filter((subject) => {
      if (!losing?.test(subject)) return true;
      lost++;
      return false;
    });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      if (isStalled) from.pause();
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    client.on("data", (chunk) => upstream.write(chunk));
    upstream.on("data", (chunk: Buffer) => {
      for (const part of pass(chunk)) client.write(part);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lose: (subjects) => void (losing = subjects),
    get lost() {
      return lost;
    },
    stall() {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      isStalled = false;
      for (const socket of sockets) socket.resume();
    },
    cut: () => sockets.forEach((socket) => socket.destroy()),
    close: () =>
      new Promise((resolve) => {
        sockets.forEach((socket) => socket.destroy());
        server.close(() => resolve());
      }),
  };
}

/** Cuts what the server says into its lines and messages, and leaves messages out by their subject. */
function filter(isPassed: (subject: string) => boolean): (chunk: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const parts: Buffer[] = [];
    for (;;) {
      const lineEnd = rest.indexOf("\r\n");
      if (lineEnd < 0) return parts;
      const words = rest.toString("latin1", 0, lineEnd).split(" ");
      const isMessage = words[0] === "MSG" || words[0] === "HMSG";
      const size = lineEnd + 2 + (isMessage ? Number(words.at(-1)) + 2 : 0);
      if (rest.length < size) return parts;
      if (!isMessage || isPassed(words[1]!)) parts.push(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
  };
}
