import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A TCP line to a server, which can be cut and taken away. */
export interface CuttableLine {
  url: string;
  /** Connections that have been taken so far. */
  readonly connections: number;
  /** Ends every connection at once; new ones are taken. */
  cut(): void;
  /** Ends every connection, and refuses new ones until `back`. */
  away(): Promise<void>;
  back(): Promise<void>;
}

export async function openLine(to: string): Promise<CuttableLine> {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((near) => {
    connections++;
    const far = connect(Number(port), hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.pipe(other);
      // The end of one is the end of the other, however it came.
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  const listen = async (at: number) => {
    server.listen(at, "127.0.0.1");
    await once(server, "listening");
  };
  await listen(0);
  const own = (server.address() as AddressInfo).port;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${own}`,
    get connections() {
      return connections;
    },
    cut,
    async away() {
      const closed = once(server, "close");
      server.close();
      cut();
      await closed;
    },
    back: () => listen(own),
  };
}
