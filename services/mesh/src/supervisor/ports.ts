import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the ports that systems give to outgoing connections (32768 on Linux, 49152 elsewhere): while a server is down, a client that
 * tries to reconnect could be given that very port and meet itself there.
 */
const PORTS = { first: 15_000, last: 30_000 };

/** Whether this machine lets a server listen there now. @throws Error if the host is no address of this machine */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * A port for a server that must come back to it. Chosen here and not by the system on listening: uWebSockets.js leaves
 * SO_REUSEADDR out for port 0, and after a kill the port would be blocked until its last connection is forgotten.
 */
export async function anyFreePort(host: string): Promise<number> {
  for (;;) {
    const port = randomInt(PORTS.first, PORTS.last);
    if (await isPortFree(host, port)) return port;
  }
}
