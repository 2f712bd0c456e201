import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { SetupError } from "../setupError.js";

/**
 * Below the ports that systems give to outgoing connections (32768 on Linux, 49152 elsewhere): while a server is down, a client that
 * tries to reconnect could be given that very port and meet itself there.
 */
const PORTS = { first: 15_000, last: 30_000 };
/** Of the gateway. */
const PORT_USUAL = 8080;
const PORTS_TRIED = 20;

/** Whether this machine lets a server listen there now. @throws Error if the host is no address of this machine */
function isPortFree(host: string, port: number): Promise<boolean> {
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

/**
 * The port for the gateway: the one asked for; where none was, the usual one or the first free one after it.
 * @throws SetupError if it is taken
 */
export async function choosePort({
  host,
  port,
}: {
  host: string;
  port: number | undefined;
}): Promise<number> {
  if (port === 0) return anyFreePort(host);
  if (port !== undefined) {
    if (await isPortFree(host, port)) return port;
    throw new SetupError(
      `Port ${port} of ${host} is taken or not allowed. Set PORT to another one, or to 0 for any free one.`,
    );
  }
  for (let offset = 0; offset < PORTS_TRIED; offset++) {
    if (await isPortFree(host, PORT_USUAL + offset)) return PORT_USUAL + offset;
  }
  return anyFreePort(host);
}
