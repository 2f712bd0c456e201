import { newJobId } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { type Access } from "../src/access/access.js";
import { newKeyText } from "../src/keys/keyText.js";
import { shareTokenOf } from "../src/keys/shareToken.js";
import {
  SECRET,
  accessOf,
  basic,
  bearer,
  newKey,
  outcome,
  requestOf,
  ringOf,
  type Asked,
} from "./accessFixture.js";

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
