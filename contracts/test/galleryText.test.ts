import { describe, expect, it } from "vitest";
import {
  StageFailure,
  checkedConsent,
  checkedName,
  checkedSource,
  storedSource,
  type FailureCode,
} from "../src/mod.js";
import { unicodeTexts } from "./unicodeTexts.js";

const outcome = (check: () => string): string | { code: FailureCode } => {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof StageFailure)) throw error;
    return { code: error.code };
  }
};
const invalid = { code: "invalid_name" };

describe("a name", () => {
  it.each([
    ["  Zoe\u0308 O'Neil ", "Zo\u00eb O'Neil"],
    ["نوشی\u200cآذر", "نوشی\u200cآذر"],
    ["👩\u200d🚀 Ada ❤\ufe0f", "👩\u200d🚀 Ada ❤\ufe0f"],
    ["😀".repeat(200), "😀".repeat(200)],
  ])("%j is stored as %j", (written, stored) => {
    expect(checkedName(written)).toBe(stored);
  });

  it.each([
    ["\u202eadA", "turns the text around it"],
    ["Ada\u2066", "isolates what follows"],
    ["Ada\u200f", "is a mark of direction"],
    ["Ada\u061c", "is a mark of direction, in Arabic"],
    ["A\u00adda", "is a hyphen that nobody sees"],
    ["A\u200bda", "is a space without width"],
    ["Ada\nLovelace", "is on two lines"],
    ["Ada\u0007", "rings a terminal"],
    ["Ada\ud800", "is half a character"],
    ["\u3164", "shows nothing"],
    ["\u200d", "only joins"],
    ["😀".repeat(201), "is too long"],
    ["", "is none"],
  ])("%j is refused, because it %s", (name) => {
    expect(outcome(() => checkedName(name))).toEqual(invalid);
  });

  it("is a text", () => {
    for (const none of [undefined, null, 7, ["Ada"]]) {
      expect(outcome(() => checkedName(none))).toEqual(invalid);
      expect(outcome(() => checkedConsent(none))).toEqual({ code: "consent_required" });
    }
  });
});

describe("a consent", () => {
  it("may have lines and tabs, whatever ends them", () => {
    expect(checkedConsent(" Ada herself,\r\nby e-mail:\r\t- the wall\u2028- the demo\n\n")).toBe(
      "Ada herself,\nby e-mail:\n\t- the wall\n- the demo",
    );
  });

  it.each([
    ["", "consent_required"],
    [" \n\t", "consent_required"],
    ["\u200d", "consent_required"],
    ["yes\u0000", "bad_request"],
    ["yes \u202eon", "bad_request"],
    ["yes\u001b[2J", "bad_request"],
    ["\ud800 yes", "bad_request"],
    ["x".repeat(2_001), "bad_request"],
  ])("%j is refused: %s", (consent, code) => {
    expect(outcome(() => checkedConsent(consent))).toEqual({ code });
  });
});

describe("a source", () => {
  it("is cut between characters, not within one", () => {
    const stored = storedSource(`a${"😀".repeat(600)}`);
    expect([...stored]).toHaveLength(500);
    expect(stored).not.toMatch(/\p{Cs}/u);
  });

  it("loses what is no text, and what was not made so is refused", () => {
    expect(storedSource("Ada/\u202e1.jpg\u0000\n")).toBe("Ada/1.jpg");
    expect(outcome(() => checkedSource("Ada/1.jpg\u0000"))).toEqual({ code: "bad_request" });
  });
});

it("whatever is taken once is taken again, and unchanged: 30,000 texts of all categories", () => {
  const taken = { name: 0, consent: 0 };
  for (const text of unicodeTexts(17, 30_000, 400)) {
    const name = outcome(() => checkedName(text));
    if (typeof name === "string") {
      taken.name++;
      expect(outcome(() => checkedName(name))).toBe(name);
    } else expect(name).toEqual(invalid);
    const consent = outcome(() => checkedConsent(text));
    if (typeof consent === "string") {
      taken.consent++;
      expect(outcome(() => checkedConsent(consent))).toBe(consent);
    } else expect(["consent_required", "bad_request"]).toContain(consent.code);
    expect(outcome(() => checkedSource(storedSource(text)))).toBe(storedSource(text));
  }
  // Neither check is passed by everything, nor by nothing.
  for (const count of Object.values(taken)) {
    expect(count).toBeGreaterThan(3_000);
    expect(count).toBeLessThan(29_000);
  }
});
