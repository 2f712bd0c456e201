import { expect, it } from "vitest";
import { Entrants } from "../../src/admission/entrants.js";

it("a photo counts from the moment it is admitted until a sample contains it", () => {
  const entrants = new Entrants();
  entrants.reserve("a", 0);
  expect(entrants.count(0)).toBe(1);
  expect(entrants.claim("a", 10)).toBe(true);
  const entrant = entrants.enter();
  expect(entrants.count(10)).toBe(1);
  entrants.sampled(20);
  expect(entrants.count(20)).toBe(1);
  entrant.stored(30);
  // Stored after that sample was begun: it may or may not contain it.
  entrants.sampled(25);
  expect(entrants.count(30)).toBe(1);
  entrants.sampled(40);
  expect(entrants.count(40)).toBe(0);
});

it("a place belongs to its client, is taken once, and is given up when nothing comes", () => {
  const entrants = new Entrants();
  entrants.reserve("a", 0);
  entrants.reserve("b", 1_000);
  expect(entrants.claim("c", 1_000)).toBe(false);
  expect(entrants.claim("b", 1_000)).toBe(true);
  expect(entrants.claim("b", 1_000)).toBe(false);
  expect(entrants.count(1_999)).toBe(1);
  expect(entrants.count(2_000)).toBe(0);
  expect(entrants.claim("a", 2_000)).toBe(false);
});

it("a photo that is not stored leaves no trace", () => {
  const entrants = new Entrants();
  const entrant = entrants.enter();
  entrant.left();
  entrant.stored(5);
  expect(entrants.count(5)).toBe(0);
});
