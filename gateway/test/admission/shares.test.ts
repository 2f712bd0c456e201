import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../observability/load/src/arrivals.js";
import { Shares } from "../../src/admission/shares.js";
import { Simulation } from "./simulation.js";

const SEEDS = [1, 2, 3, 4, 5];
const count = (of: readonly { client: string }[], client: string) =>
  of.filter((each) => each.client === client).length;

describe.each(SEEDS)("shares among clients, seed %i", (seed) => {
  const meshOf = (gateways = 1) =>
    new Simulation({ random: seededRandom(seed), extract: () => 12, gateways });

  it("a client that comes alone has everything", () => {
    const mesh = meshOf().run({ a: 120 }, 60_000);
    expect(mesh.accepted.length).toBeGreaterThan(0.95 * 12 * 60);
  });

  it("two that both want more have half each, however much one of them asks for", () => {
    const mesh = meshOf().run({ a: 600, b: 24 }, 60_000);
    const share = count(mesh.accepted, "a") / mesh.accepted.length;
    expect(share).toBeGreaterThan(0.42);
    expect(share).toBeLessThan(0.58);
  });

  it("one that wants little has all of it beside a flood, and the flood has the rest", () => {
    const mesh = meshOf().run({ a: 600 }, 20_000);
    const [before, refusedBefore] = [mesh.accepted.length, count(mesh.refused, "b")];
    mesh.run({ a: 600, b: 3 }, 60_000);
    const own = count(mesh.accepted, "b");
    const refused = count(mesh.refused, "b") - refusedBefore;
    expect(refused / (own + refused)).toBeLessThan(0.1);
    expect(mesh.accepted.length - before).toBeGreaterThan(0.85 * 12 * 60);
  });

  it("behind two gateways too", () => {
    const mesh = meshOf(2).run({ a: 300, b: 24 }, 60_000);
    const share = count(mesh.accepted, "a") / mesh.accepted.length;
    expect(share).toBeLessThan(0.62);
  });
});

describe("shares", () => {
  it("one that has gone leaves everything to the other after the limit", () => {
    const shares = new Shares(5_000);
    for (const client of ["a", "a", "b"]) {
      shares.asked(client, 0);
      shares.entered(client, 0);
    }
    shares.asked("a", 4_000);
    expect(shares.mayEnter(4_000, 4_000)).toBe(false);
    shares.asked("a", 5_100);
    expect(shares.mayEnter(4_000, 5_100)).toBe(true);
  });

  it("a queue that is not half full is open to all", () => {
    const shares = new Shares(5_000);
    shares.asked("b", 0);
    for (let i = 0; i < 20; i++) {
      shares.asked("a", i);
      expect(shares.mayEnter(2_500, i)).toBe(true);
      shares.entered("a", i);
    }
    expect(shares.mayEnter(2_501, 20)).toBe(false);
  });
});
