import { createLog, createMetrics } from "@similarfaces/runtime";
import { newJobId, type StageFailure } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { createAccess, type Access, type AccessOptions } from "../src/access/access.js";
import { trustedProxiesSetting } from "../src/access/clientAddress.js";
import { clientOf } from "../src/access/caller.js";
import { watchWrongKeys } from "../src/access/wrongKeys.js";
import type { KeyRecord } from "../src/keys/keyBucket.js";
import { digestOf, newKeyText } from "../src/keys/keyText.js";
import type { Scope } from "../src/keys/scopes.js";
import { shareTokenOf } from "../src/keys/shareToken.js";
import type { RouteScope } from "../src/requests/router.js";

const SECRET = new Uint8Array(32).fill(7);
const log = createLog({ service: "gateway", level: "silent" });

interface Asked {
  method?: string;
  path?: string;
  query?: string;
  from?: string;
  scope?: RouteScope;
  headers?: Record<string, string>;
}

/** Keys as the bucket would say them. */
function ringOf(...records: KeyRecord[]) {
  const keys = new Map(records.map((record) => [record.id, record]));
  return { find: (id: string) => keys.get(id), size: records.length, shareSecret: SECRET };
}

function newKey(...scopes: Scope[]): { text: string; record: KeyRecord } {
  const { id, text } = newKeyText();
  return { text, record: { id, name: "test", scopes, digest: digestOf(text), createdAtMs: 0 } };
}

function accessOf(options: Partial<AccessOptions> = {}): Access {
  const metrics = createMetrics({ service: "gateway", version: "0", emitters: ["gateway"] });
  return createAccess({
    host: "127.0.0.1",
    apiKey: undefined,
    apiKeyFor: "gallery",
    allowedHosts: [],
    trustedProxies: trustedProxiesSetting.read(undefined),
    jobTtlMs: 600_000,
    keys: ringOf(),
    wrongKeys: watchWrongKeys({ metrics, log }),
    ...options,
  });
}

function requestOf({ method = "GET", path = "/v1/status", query = "", from = "127.0.0.1", headers }: Asked) {
  const all: Record<string, string> = { host: "localhost:8080", ...headers };
  return {
    method,
    path,
    query: new URLSearchParams(query),
    remoteAddress: from,
    header: (name: string) => all[name],
  };
}

/** "ok", or the code of the refusal. */
function outcome(options: Partial<AccessOptions> | Access, asked: Asked): string {
  const access = "check" in options ? options : accessOf(options);
  try {
    access.check(requestOf(asked), asked.scope ?? "any");
    return "ok";
  } catch (error) {
    return (error as StageFailure).code;
  }
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const basic = (key: string) => ({ authorization: `Basic ${Buffer.from(`any:${key}`).toString("base64")}` });
const host = (name: string) => ({ headers: { host: name } });

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

describe("API_KEY", () => {
  const gallery = (headers: Record<string, string> = {}, from = "127.0.0.1"): Asked => ({
    method: "POST",
    scope: "gallery:write",
    from,
    headers,
  });

  it("is needed to change the gallery, from everywhere, and not to look at it or to analyse", () => {
    const options = { apiKey: "secret" };
    expect(outcome(options, gallery())).toBe("unauthorized");
    expect(outcome(options, gallery(bearer("wrong")))).toBe("unauthorized");
    expect(outcome(options, gallery(bearer("secret"), "192.0.2.7"))).toBe("ok");
    expect(outcome(options, gallery(basic("secret")))).toBe("ok");
    expect(outcome(options, { method: "POST", scope: "analyse" })).toBe("ok");
    expect(outcome(options, { scope: "gallery:read", from: "192.0.2.7" })).toBe("ok");
    expect(outcome(options, { scope: "admin" })).toBe("unauthorized");
    expect(outcome(options, { scope: "admin", headers: bearer("secret") })).toBe("ok");
  });

  it("may have spaces in it", () => {
    const options = { apiKey: "correct horse battery" };
    expect(outcome(options, gallery(bearer("correct horse battery")))).toBe("ok");
    expect(outcome(options, gallery(bearer("correct")))).toBe("unauthorized");
    expect(outcome(options, gallery(basic("correct horse battery")))).toBe("ok");
  });

  it("may be needed for everything but probes and the page's own files", () => {
    const options = { apiKey: "secret", apiKeyFor: "everything" } as const;
    expect(outcome(options, {})).toBe("unauthorized");
    expect(outcome(options, { scope: "analyse" })).toBe("unauthorized");
    expect(outcome(options, { headers: bearer("secret") })).toBe("ok");
    expect(outcome(options, { scope: "open" })).toBe("ok");
    expect(accessOf(options).challenge).toContain("Basic");
  });
});

describe("a key with scopes", () => {
  const reader = newKey("gallery:read");
  const writer = newKey("gallery:write");
  const analyst = newKey("analyse");
  const admin = newKey("admin");
  const options = { keys: ringOf(reader.record, writer.record, analyst.record, admin.record) };

  it.each([
    [reader, ["gallery:read"]],
    [writer, ["gallery:read", "gallery:write"]],
    [analyst, ["analyse"]],
    [admin, ["analyse", "gallery:read", "gallery:write", "admin"]],
  ] as const)("may do what they name and include: %#", ({ text }, allowed) => {
    for (const scope of ["analyse", "gallery:read", "gallery:write", "admin"] as const) {
      const expected = (allowed as readonly string[]).includes(scope) ? "ok" : "forbidden";
      expect([scope, outcome(options, { scope, headers: bearer(text) })]).toEqual([scope, expected]);
      expect([scope, outcome(options, { scope, headers: basic(text) })]).toEqual([scope, expected]);
    }
    expect(outcome(options, { scope: "any", headers: bearer(text) })).toBe("ok");
  });

  it("is no key once it is not in the bucket, nor with another's secret", () => {
    const { text, record } = newKey("admin");
    expect(outcome(options, { scope: "admin", headers: bearer(text) })).toBe("unauthorized");
    const forged = text.replace(record.id, reader.record.id);
    expect(outcome(options, { scope: "gallery:read", headers: bearer(forged) })).toBe("unauthorized");
  });

  it("that is wrong is refused where none is needed too: what it did would be nobody's", () => {
    expect(outcome(options, { method: "POST", scope: "analyse" })).toBe("ok");
    expect(outcome(options, { method: "POST", scope: "analyse", headers: bearer("sf_typo") })).toBe(
      "unauthorized",
    );
  });
});

describe("a job", () => {
  const [mine, other] = [newKey("analyse"), newKey("admin")];
  const keys = ringOf(mine.record, other.record);
  const access = accessOf({ keys, apiKey: "secret", host: "0.0.0.0" });
  const jobId = newJobId(Date.now());
  const callerOf = (headers: Record<string, string> = {}, query = "") =>
    access.check(requestOf({ headers, query }), "any");
  const owner = callerOf(bearer(mine.text));

  it("belongs to the key that made it", () => {
    expect(owner.keyId).toBe(mine.record.id);
    expect(owner.mayRead(jobId, mine.record.id)).toBe(true);
    expect(owner.mayDelete(jobId, mine.record.id)).toBe(true);
    for (const stranger of [callerOf(bearer(other.text)), callerOf(bearer("secret")), callerOf()]) {
      expect(stranger.mayRead(jobId, mine.record.id)).toBe(false);
      expect(stranger.mayDelete(jobId, mine.record.id)).toBe(false);
      expect(stranger.shareToken(jobId, mine.record.id)).toBeUndefined();
    }
  });

  it("that no key made belongs to whoever has its id", () => {
    expect(callerOf().mayRead(jobId, undefined)).toBe(true);
    expect(callerOf().mayDelete(jobId, undefined)).toBe(true);
    expect(owner.shareToken(jobId, undefined)).toBeUndefined();
  });

  it("is shown by its own share link, which deletes nothing", () => {
    const token = owner.shareToken(jobId, mine.record.id)!;
    const guest = callerOf({}, `share=${token}`);
    expect(guest.mayRead(jobId, mine.record.id)).toBe(true);
    expect(guest.mayDelete(jobId, mine.record.id)).toBe(false);
    expect(guest.shareToken(jobId, mine.record.id)).toBeUndefined();
    expect(guest.mayRead(newJobId(Date.now()), mine.record.id)).toBe(false);
    expect(callerOf().mayRead(jobId, mine.record.id, token)).toBe(true);
    expect(callerOf().mayRead(jobId, mine.record.id, `${token}A`)).toBe(false);
    expect(callerOf().mayRead(jobId, mine.record.id, "")).toBe(false);
  });

  it("is nobody's any more when its key is revoked, with its share links", () => {
    const token = owner.shareToken(jobId, mine.record.id)!;
    const after = accessOf({ keys: ringOf(other.record) });
    const guest = after.check(requestOf({ query: `share=${token}` }), "any");
    expect(guest.mayRead(jobId, mine.record.id)).toBe(false);
    expect(
      after.check(requestOf({ headers: bearer(other.text) }), "any").mayRead(jobId, mine.record.id),
    ).toBe(false);
  });

  it("opens with a share link where everything takes a key: itself, its page, its socket, and nothing else", () => {
    const closed = accessOf({ keys, apiKeyFor: "everything" });
    const query = `share=${shareTokenOf(SECRET, jobId)}`;
    const ask = (more: Asked) => outcome(closed, { scope: "analyse", query, ...more });
    expect(ask({ path: `/v1/jobs/${jobId}` })).toBe("ok");
    expect(ask({ path: `/v1/jobs/${jobId}/faces/0.jpg` })).toBe("ok");
    expect(ask({ path: `/jobs/${jobId}`, scope: "any" })).toBe("ok");
    expect(ask({ path: "/v1/live", query: `${query}&job=${jobId}` })).toBe("ok");
    expect(ask({ path: "/v1/about", scope: "any", query: `${query}&job=${jobId}` })).toBe("ok");
    expect(ask({ path: `/v1/jobs/${jobId}`, query: "" })).toBe("unauthorized");
    expect(ask({ path: `/v1/jobs/${jobId}`, method: "DELETE" })).toBe("unauthorized");
    expect(ask({ path: "/v1/jobs", method: "POST", query: `${query}&job=${jobId}` })).toBe("unauthorized");
    expect(ask({ path: `/v1/jobs/${newJobId(Date.now())}` })).toBe("unauthorized");
    const old = newJobId(Date.now() - 700_000);
    const oldQuery = `share=${shareTokenOf(SECRET, old)}`;
    expect(ask({ path: `/v1/jobs/${old}`, query: oldQuery })).toBe("unauthorized");
    for (const scope of ["gallery:read", "gallery:write", "admin"] as const)
      expect(ask({ path: `/v1/jobs/${jobId}`, scope })).toBe("unauthorized");
  });
});

describe("wrong keys", () => {
  const guess = (access: Access, key: string, from = "192.0.2.7") =>
    outcome(access, { scope: "gallery:write", from, headers: bearer(key) });
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it("are slowed per address, and after that nothing that people make up is looked at", async () => {
    const { text, record } = newKey("admin");
    const access = accessOf({ host: "0.0.0.0", apiKey: "secret", keys: ringOf(record) });
    for (let attempt = 0; attempt < 10; attempt++) {
      expect(guess(access, attempt % 2 ? `wrong ${attempt}` : newKeyText().text)).toBe("unauthorized");
      await settled();
    }
    expect(guess(access, "wrong again")).toBe("too_many_attempts");
    expect(guess(access, newKeyText().text)).toBe("too_many_attempts");
    // Else guessing would go on all the same.
    expect(guess(access, "secret")).toBe("too_many_attempts");
    // Of 256 random bits: nobody has guessed it, and others behind the same address go on.
    expect(guess(access, text)).toBe("ok");
    expect(outcome(access, { scope: "gallery:read", from: "192.0.2.7" })).toBe("ok");
    expect(guess(access, "secret", "192.0.2.8")).toBe("ok");
  });

  it("do not keep out an API_KEY that is too long for guessing", async () => {
    const apiKey = "4f1c8a30b3e2495d9d5a7b1f6e0c2d4a";
    const access = accessOf({ host: "0.0.0.0", apiKey });
    for (let attempt = 0; attempt < 11; attempt++) {
      guess(access, "wrong");
      await settled();
    }
    expect(guess(access, "wrong")).toBe("too_many_attempts");
    expect(guess(access, apiKey)).toBe("ok");
  });

  it("of an IPv6 network count as one client's", async () => {
    const access = accessOf({ host: "0.0.0.0", apiKey: "secret" });
    for (let attempt = 0; attempt < 10; attempt++) {
      guess(access, "wrong", `2001:db8:0:1::${attempt}`);
      await settled();
    }
    expect(guess(access, "wrong", "2001:db8:0:1:ffff::1")).toBe("too_many_attempts");
    expect(guess(access, "wrong", "2001:db8:0:2::1")).toBe("unauthorized");
  });

  it("of addresses without number take no memory without end", async () => {
    const access = accessOf({ host: "0.0.0.0", apiKey: "secret" });
    for (let attempt = 0; attempt < 10_000; attempt++) {
      guess(access, "wrong", `10.${attempt >> 16}.${(attempt >> 8) & 255}.${attempt & 255}`);
    }
    await settled();
    expect(guess(access, "wrong", "192.0.2.9")).toBe("too_many_attempts");
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
