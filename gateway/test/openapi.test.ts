import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { FAILURES } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { LIVE_PATH } from "../src/gateway.js";
import { enrolRoutes, type EnrolRoutesOptions } from "../src/gallery/enrolRoutes.js";
import { galleryRoutes, type GalleryRoutesOptions } from "../src/gallery/galleryRoutes.js";
import { jobRoutes, type JobRoutesOptions } from "../src/jobs/jobRoutes.js";
import { STATUS } from "../src/requests/failures.js";
import type { RouteScope } from "../src/requests/router.js";
import { systemRoutes, type SystemRoutesOptions } from "../src/system/systemRoutes.js";

interface Operation {
  operationId: string;
  summary: string;
  security?: Record<string, string[]>[];
  parameters?: (Parameter | Reference)[];
  responses: Record<string, object>;
}
interface Parameter {
  name: string;
  in: string;
}
interface Reference {
  $ref: string;
}
type PathItem = Record<string, Operation> & { parameters?: (Parameter | Reference)[] };

/** How each scope is written there; `{}` where a gateway may ask for no key. */
const SECURITY: Readonly<Record<RouteScope, object[]>> = {
  open: [{}],
  any: [{}, { bearer: [] }],
  analyse: [{}, { bearer: ["analyse"] }],
  "gallery:read": [{}, { bearer: ["gallery:read"] }],
  "gallery:write": [{ bearer: ["gallery:write"] }],
  admin: [{ bearer: ["admin"] }],
};

const METHODS = ["get", "post", "patch", "delete"];
const file = createRequire(import.meta.url).resolve("@similarfaces/contracts/openapi.yaml");
const document = parse(readFileSync(file, "utf8")) as {
  openapi: string;
  security: object[];
  paths: Record<string, PathItem>;
  components: Record<string, Record<string, unknown>>;
};

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({
    path,
    method,
    operation: item[method]!,
    parameters: [...(item.parameters ?? []), ...(item[method]!.parameters ?? [])].map(resolved),
  })),
);

function resolved<T extends object>(value: T | Reference): T {
  if (!("$ref" in value)) return value;
  return value.$ref
    .slice(2)
    .split("/")
    .reduce<unknown>((node, key) => (node as Record<string, unknown>)?.[key], document) as T;
}

/** The routes as they are made, without anything behind them: only their addresses are read. */
const routes = [
  ...jobRoutes({} as JobRoutesOptions),
  ...galleryRoutes({} as GalleryRoutesOptions),
  ...enrolRoutes({} as EnrolRoutesOptions),
  ...systemRoutes({} as SystemRoutesOptions),
];

describe("openapi.yaml", () => {
  it("describes every route of the gateway, and nothing else", () => {
    const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    const served = routes.map(({ method, path }) => `${method} ${path}`);
    expect(described.sort()).toEqual([...served, `GET ${LIVE_PATH}`].sort());
  });

  it("asks for the key, with the scope, where the gateway does", () => {
    for (const { method, path, operation } of operations) {
      const route = routes.find(
        (candidate) => candidate.path === path && candidate.method === method.toUpperCase(),
      );
      const scope = path === LIVE_PATH ? "analyse" : route!.scope;
      const security = operation.security ?? document.security;
      expect([path, method, security]).toEqual([path, method, SECURITY[scope]]);
      if (scope === "gallery:write" || scope === "admin")
        for (const status of ["401", "403", "429"]) expect(operation.responses).toHaveProperty(status);
    }
  });

  it("names the parameters of each address", () => {
    for (const { path, parameters } of operations) {
      const inPath = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
      expect(inPath.sort()).toEqual([...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort());
    }
  });

  it("is OpenAPI 3.1 with unique operation ids, a summary each, and answers with a description", () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { operation } of operations) {
      expect(operation.summary).toMatch(/\.$/);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^[1-5]\d\d$/);
        expect(resolved(response)).toHaveProperty("description");
      }
    }
  });

  it("answers failures with statuses that failures have", () => {
    const known = new Set(Object.keys(FAILURES).map((code) => String(STATUS[code as keyof typeof STATUS])));
    for (const { operation } of operations) {
      for (const status of Object.keys(operation.responses))
        if (Number(status) >= 400) expect(known).toContain(status);
    }
  });

  it("refers to nothing that is not there", () => {
    const missing: string[] = [];
    JSON.stringify(document, (key, value: unknown) => {
      if (key === "$ref" && resolved({ $ref: value as string }) === undefined) missing.push(value as string);
      return value;
    });
    expect(missing).toEqual([]);
  });
});
