import type { Caution } from "@similarfaces/contracts/job";
import { describe, expect, it } from "vitest";
import {
  figuresOf,
  likenessWords,
  matchesSentence,
  meterStep,
  spokenMatches,
  strangersSentence,
} from "../src/analyse/matchWords";

const match = (verdict: "very_alike" | "no_close_match", name = "Ada") => ({
  matches: [
    {
      identityId: "i",
      name,
      faceId: "f",
      similarity: 0.5,
      likelihood: 0.9,
      falseMatchRate: 0.001,
      falsePositiveRate: 0.0732,
      verdict,
    },
  ],
  galleryFaces: 76,
  verdict,
});

describe("words for matches", () => {
  it("say how alike, and when nobody is", () => {
    expect(matchesSentence(match("very_alike"), [])).toBe("Very alike: Ada");
    expect(matchesSentence(match("no_close_match"), [])).toBe("No close match; this is the nearest.");
    const two = {
      ...match("no_close_match"),
      matches: [...match("no_close_match").matches, ...match("no_close_match", "Bo").matches],
    };
    expect(matchesSentence(two, [])).toBe("No close match; these are the nearest.");
    const none = { matches: [], galleryFaces: 0, verdict: "no_close_match" as const };
    expect(matchesSentence(none, [])).toContain("empty");
    expect(likenessWords(match("no_close_match").matches[0]!, [])).toBe("No close match");
  });

  it("say how many strangers look as alike in a gallery of this size, and the pair's own likelihood apart from it", () => {
    const matches = match("very_alike");
    expect(strangersSentence(matches)).toBe("In a gallery of 76, one stranger in 13 looks as alike.");
    expect(figuresOf(matches.matches[0]!)).toEqual({
      name: "Ada",
      similarity: "0.50",
      strangers: "One stranger in 13",
      likelihood: "90%",
    });
    for (const words of [...spokenMatches(matches, []), likenessWords(matches.matches[0]!, [])]) {
      expect(words).not.toContain("%");
    }
  });

  it("have a meter of four steps beside them, and none where nobody can tell", () => {
    const verdicts = [
      "uncalibrated",
      "no_close_match",
      "a_little_alike",
      "quite_alike",
      "very_alike",
    ] as const;
    expect(verdicts.map(meterStep)).toEqual([0, 1, 2, 3, 4]);
  });

  it("have the bare similarity where nobody has measured what it means", () => {
    const bare = { identityId: "i", name: "Ada", faceId: "f", similarity: 0.412 };
    const uncalibrated = { ...bare, verdict: "uncalibrated" as const };
    const matches = { matches: [uncalibrated], galleryFaces: 1, verdict: "uncalibrated" as const };
    expect(matchesSentence(matches, [])).toBe("Nearest: Ada, similarity 0.41");
    expect(likenessWords(uncalibrated, [])).toBe("Similarity 0.41");
    expect(figuresOf(uncalibrated)).toEqual({ name: "Ada", similarity: "0.41" });
    expect(spokenMatches(matches, [])).toEqual([
      "Nearest: Ada, similarity 0.41",
      "Nobody has measured what this embedder's similarities mean.",
    ]);
    expect(spokenMatches(match("very_alike"), [])).toHaveLength(2);
  });

  it("are one step lower where parts of the face are hidden, and say why", () => {
    const message = "nose and mouth are covered: less certain";
    const cautions: Caution[] = [{ stage: "scarf", hides: ["nose", "mouth"], message }];
    expect(spokenMatches(match("very_alike"), cautions)).toEqual([
      "Quite alike: Ada",
      "In a gallery of 76, one stranger in 13 looks as alike.",
      "Nose and mouth are covered: less certain.",
    ]);
    expect(matchesSentence(match("no_close_match"), cautions)).toContain("No close match");
  });
});
