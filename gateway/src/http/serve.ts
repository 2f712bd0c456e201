import type { HttpOptions, HttpServer } from "./http.js";
import { serveUws } from "./uws.js";

/**
 * Serves with the driver that is asked for; `auto` takes uWebSockets.js where a build of it loads.
 * @throws Error if the address is taken, or uws is asked for and cannot be had
 */
export async function serve(driver: "auto" | "uws" | "node", options: HttpOptions): Promise<HttpServer> {
  if (driver === "node") return onNode(options);
  const server = await serveUws(options);
  if (server) return server;
  if (driver === "uws")
    throw new Error("HTTP_DRIVER is uws, and no build of uWebSockets.js loads on this machine");
  const fallback = await onNode(options);
  return {
    ...fallback,
    description: `${fallback.description} (no build of uWebSockets.js loads on this machine)`,
  };
}

/** Loaded where it serves: with ws it costs every other start 10 ms. */
async function onNode(options: HttpOptions): Promise<HttpServer> {
  return (await import("./node.js")).serveNode(options);
}
