import { describe, expect, it } from "vitest";
import { StageFailure } from "@similarfaces/contracts";
import { createAccess, type AccessOptions } from "../src/access.js";
import type { Guard } from "../src/router.js";

const LOOPBACK: AccessOptions = {
  host: "127.0.0.1",
  apiKey: undefined,
  apiKeyFor: "gallery",
  allowedHosts: [],
};

interface Asked {
  method?: string;
  path?: string;
  from?: string;
  guard?: Guard;
  headers?: Record<string, string>;
}

/** "ok", or the code of the refusal. */
function outcome(options: Partial<AccessOptions>, asked: Asked): string {
  const headers: Record<string, string> = { host: "localhost:8080", ...asked.headers };
  const request = {
    method: asked.method ?? "GET",
    path: asked.path ?? "/v1/status",
    query: new URLSearchParams(),
    remoteAddress: asked.from ?? "127.0.0.1",
    header: (name: string) => headers[name],
  };
  try {
    createAccess({ ...LOOPBACK, ...options }).check(request, asked.guard ?? "open");
    return "ok";
  } catch (error) {
    return (error as StageFailure).code;
  }
}

const host = (name: string) => ({ headers: { host: name } });

describe("the Host header", () => {
  it.each(["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "[::1]:8080", "10.1.2.3"])(
    "%s is the gateway's on loopback",
    (name) => expect(outcome({}, host(name))).toBe("ok"),
  );

  it.each(["rebound.example", "localhost.example", "127.0.0.1.example:80", ""])("%j is not", (name) =>
    expect(outcome({}, host(name))).toBe("bad_request"),
  );

  it("may be a configured name, or any where the gateway is reached from elsewhere", () => {
    expect(outcome({ allowedHosts: ["Faces.example"] }, host("faces.example"))).toBe("ok");
    expect(outcome({ allowedHosts: ["faces.example"] }, host("other.example"))).toBe("bad_request");
    expect(outcome({ allowedHosts: ["*"] }, host("other.example"))).toBe("ok");
    expect(outcome({ host: "0.0.0.0" }, host("other.example"))).toBe("ok");
    expect(outcome({ host: "0.0.0.0", allowedHosts: ["faces.example"] }, host("other.example"))).toBe(
      "bad_request",
    );
  });
});

describe("the Origin header", () => {
  const from = (origin: string, more: object = {}): Asked => ({
    method: "POST",
    headers: { origin, ...more },
  });

  it("must be the gateway's own for what changes something", () => {
    expect(outcome({}, from("http://localhost:8080"))).toBe("ok");
    expect(outcome({}, from("http://localhost:3000"))).toBe("bad_request");
    expect(outcome({}, from("https://elsewhere.example"))).toBe("bad_request");
    expect(outcome({}, from("null"))).toBe("bad_request");
  });

  it("does not matter to what only reads, unless it opens a socket", () => {
    expect(outcome({}, { headers: { origin: "https://elsewhere.example" } })).toBe("ok");
    const socket = { origin: "https://elsewhere.example", upgrade: "websocket" };
    expect(outcome({}, { headers: socket })).toBe("bad_request");
  });

  it("is absent from programs, which are let through", () => {
    expect(outcome({}, { method: "POST" })).toBe("ok");
  });
});

describe("the API key", () => {
  const gallery = (headers: Record<string, string> = {}, from = "127.0.0.1"): Asked => ({
    method: "POST",
    guard: "gallery",
    from,
    headers,
  });
  const basic = (password: string) => ({
    authorization: `Basic ${Buffer.from(`any:${password}`).toString("base64")}`,
  });

  it("that is not configured leaves the gallery to loopback", () => {
    expect(outcome({}, gallery())).toBe("ok");
    expect(outcome({}, gallery({}, "::1"))).toBe("ok");
    expect(outcome({}, gallery({}, "192.0.2.7"))).toBe("unauthorized");
    expect(outcome({}, gallery({ "x-forwarded-for": "192.0.2.7" }))).toBe("unauthorized");
  });

  it("that is configured is needed for the gallery, from everywhere", () => {
    const options = { apiKey: "secret" };
    expect(outcome(options, gallery())).toBe("unauthorized");
    expect(outcome(options, gallery({ authorization: "Bearer wrong" }))).toBe("unauthorized");
    expect(outcome(options, gallery({ authorization: "Bearer secret" }, "192.0.2.7"))).toBe("ok");
    expect(outcome(options, gallery(basic("secret")))).toBe("ok");
    expect(outcome(options, { method: "POST" })).toBe("ok");
  });

  it("may have spaces in it", () => {
    const options = { apiKey: "correct horse battery" };
    expect(outcome(options, gallery({ authorization: "Bearer correct horse battery" }))).toBe("ok");
    expect(outcome(options, gallery({ authorization: "Bearer correct" }))).toBe("unauthorized");
    expect(outcome(options, gallery(basic("correct horse battery")))).toBe("ok");
  });

  it("may be needed for everything but probes", () => {
    const options = { apiKey: "secret", apiKeyFor: "everything" } as const;
    expect(outcome(options, {})).toBe("unauthorized");
    expect(outcome(options, { headers: { authorization: "Bearer secret" } })).toBe("ok");
    expect(outcome(options, { path: "/metrics" })).toBe("unauthorized");
    expect(outcome(options, { path: "/healthz" })).toBe("ok");
    expect(outcome(options, { path: "/readyz" })).toBe("ok");
    expect(createAccess({ ...LOOPBACK, ...options }).challenge).toContain("Basic");
  });
});
