import { describe, expect, it } from "vitest";
import { trustedProxiesSetting } from "../src/access/clientAddress.js";
import { clientOf } from "../src/access/caller.js";
import { accessOf, host, outcome, requestOf, type Asked } from "./accessFixture.js";

describe("the Host header", () => {
  it.each(["localhost", "LOCALHOST:8080", "localhost.", "127.0.0.1:8080", "[::1]:8080", "10.1.2.3"])(
    "%s is the gateway's on loopback",
    (name) => expect(outcome({}, host(name))).toBe("ok"),
  );

  it.each(["rebound.example", "localhost.example", "127.0.0.1.example:80", "user@localhost", ""])(
    "%j is not",
    (name) => expect(outcome({}, host(name))).toBe("bad_request"),
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

describe.each(["gallery:read", "gallery:write", "admin"] as const)("without a key, %s", (scope) => {
  const anywhere = { host: "0.0.0.0" };
  const ask = (headers: Record<string, string>, from = "127.0.0.1") =>
    outcome(anywhere, { scope, from, headers });

  it.each([
    "localhost",
    "localhost.",
    "LocalHost:8080",
    "127.0.0.1",
    "127.0.0.1.",
    "127.8.9.10:80",
    "[::1]:8080",
    "[::ffff:127.0.0.1]",
  ])("is open at %s", (name) => {
    expect(ask({ host: name })).toBe("ok");
    expect(ask({ host: name }, "::1")).toBe("ok");
    expect(ask({ host: name }, "::ffff:127.0.0.1")).toBe("ok");
  });

  it.each([
    "rebound.example",
    "127.rebound.example",
    "localhost.rebound.example",
    "localhost..",
    "user@localhost",
    "localhost:8080@rebound.example",
    "10.1.2.3",
    "[::2]",
    "[::1].rebound.example",
    "127.1",
    "",
  ])("is closed at %j", (name) => {
    expect(ask({ host: name })).toBe("unauthorized");
  });

  it.each(["http://localhost:8080", "http://LOCALHOST.:8080", "http://127.0.0.1", "http://[::1]:3000"])(
    "is open to a page of %s",
    (origin) => expect(ask({ origin })).toBe("ok"),
  );

  it.each([
    "null",
    "",
    "file://",
    "https://rebound.example",
    "http://localhost@rebound.example",
    "http://localhost.rebound.example",
    "http://10.1.2.3",
  ])("is closed to a page of %j", (origin) => expect(ask({ origin })).toBe("unauthorized"));

  it.each([
    ["x-forwarded-for", "127.0.0.1"],
    ["x-forwarded-host", "localhost"],
    ["x-forwarded-proto", "https"],
    ["x-real-ip", "127.0.0.1"],
    ["forwarded", "for=127.0.0.1"],
    ["via", "1.1 proxy"],
  ])("is closed behind a proxy that says %s", (name, value) =>
    expect(ask({ [name]: value })).toBe("unauthorized"),
  );

  it.each(["192.0.2.7", "::2", "::ffff:192.0.2.7"])("is closed to %s, whatever it calls us", (from) =>
    expect(ask({}, from)).toBe("unauthorized"),
  );
});

describe("without a key, analysing", () => {
  it("is open to all who reach the gateway", () => {
    const rebound = { host: "rebound.example", origin: "http://rebound.example" };
    const asked: Asked = { method: "POST", scope: "analyse", from: "192.0.2.7", headers: rebound };
    expect(outcome({ host: "0.0.0.0" }, asked)).toBe("ok");
  });

  it("is open to this machine alone where a key is asked for everything, and none is there yet", () => {
    const closed = { host: "0.0.0.0", apiKeyFor: "everything" } as const;
    expect(outcome(closed, { scope: "analyse" })).toBe("ok");
    expect(outcome(closed, { scope: "analyse", from: "192.0.2.7" })).toBe("unauthorized");
  });
});

describe("who asks", () => {
  const callerOf = (from: string, headers: Record<string, string>, proxies: string) =>
    accessOf({ host: "0.0.0.0", trustedProxies: trustedProxiesSetting.read(proxies) }).check(
      requestOf({ from, headers }),
      "analyse",
    );
  const forwarded = (list: string) => ({ "x-forwarded-for": list });

  it("is the other end of the connection, unless a trusted proxy names another", () => {
    expect(callerOf("192.0.2.7", forwarded("203.0.113.1"), "").address).toBe("192.0.2.7");
    expect(callerOf("10.0.0.5", forwarded("203.0.113.1"), "10.0.0.0/8").address).toBe("203.0.113.1");
    expect(callerOf("::ffff:10.0.0.5", forwarded("203.0.113.1"), "10.0.0.0/8").address).toBe("203.0.113.1");
    expect(callerOf("10.0.0.5", {}, "10.0.0.0/8").address).toBe("10.0.0.5");
  });

  it("is the nearest that is no trusted proxy, whatever stands before it", () => {
    const hops = forwarded("198.51.100.9, 203.0.113.1, 10.0.0.6");
    expect(callerOf("10.0.0.5", hops, "10.0.0.0/8").address).toBe("203.0.113.1");
    expect(callerOf("10.0.0.5", forwarded("nonsense, 10.0.0.6"), "10.0.0.0/8").address).toBe("10.0.0.6");
    expect(callerOf("fd00::1", forwarded("[2001:db8::7]:443"), "fd00::/8").address).toBe("2001:db8::7");
  });

  it("shares as one: a key anywhere, an address, an IPv6 network", () => {
    expect(clientOf({ keyId: "abc", address: "192.0.2.7" })).toBe("key abc");
    expect(clientOf({ keyId: undefined, address: "192.0.2.7" })).toBe("address 192.0.2.7");
    expect(clientOf({ keyId: undefined, address: "2001:db8::7" })).toBe("address 2001:db8:0:0::/64");
  });

  it.each(["10.0.0.0/33", "10.0.0.0/", "proxy.example", "::1/129", "10.0.0.1/8/8"])(
    "%s is no list of proxies",
    (text) => expect(() => trustedProxiesSetting.read(text)).toThrow("must be a list"),
  );
});
