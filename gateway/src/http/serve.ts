import type { HttpOptions, HttpServer } from "./http.js";
import { serveNode } from "./node.js";
import { serveUws } from "./uws.js";

/**
 * Serves with the driver that is asked for; `auto` takes uWebSockets.js where a build of it loads.
 * @throws Error if the address is taken, or uws is asked for and cannot be had
 */
export async function serve(driver: "auto" | "uws" | "node", options: HttpOptions): Promise<HttpServer> {
  if (driver === "node") return serveNode(options);
  const server = await serveUws(options);
  if (server) return server;
  if (driver === "uws")
    throw new Error("HTTP_DRIVER is uws, and no build of uWebSockets.js loads on this machine");
  const fallback = await serveNode(options);
  return {
    ...fallback,
    description: `${fallback.description} (no build of uWebSockets.js loads on this machine)`,
  };
}
