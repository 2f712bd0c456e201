import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface NpmRegistry {
  url: string;
  /** Paths that were asked for. */
  asked: string[];
  /** What is sent in place of the tarball. */
  tarball: Buffer;
  /** What the registry says of it; by default, of what is sent. */
  integrity: string | undefined;
  /** Answers a request for the tarball instead, when set. */
  fault: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  close(): Promise<void>;
}

export const integrityOf = (bytes: Buffer): string =>
  `sha512-${createHash("sha512").update(bytes).digest("base64")}`;

/** A registry of one version of one package, as npm asks for it (https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md). */
export async function startNpmRegistry(name: string, version: string, tarball: Buffer): Promise<NpmRegistry> {
  const http = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "");
    registry.asked.push(path);
    if (path === `/${name}`) {
      const integrity = registry.integrity ?? integrityOf(registry.tarball);
      const dist = { tarball: `${registry.url}/${name}/-/package.tgz`, integrity };
      const versions = { [version]: { name, version, dist } };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions }));
    } else if (path === `/${name}/-/package.tgz`) {
      if (registry.fault) registry.fault(request, response);
      else response.end(registry.tarball);
    } else response.writeHead(404).end("{}");
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const registry: NpmRegistry = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked: [],
    tarball,
    integrity: undefined,
    fault: undefined,
    close() {
      http.closeAllConnections();
      return new Promise((resolve) => http.close(() => resolve()));
    },
  };
  return registry;
}
