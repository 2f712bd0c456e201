import { expect, it } from "vitest";
import { statisticsText } from "../src/gallery/statisticsText.js";

const statistics = {
  identities: 2,
  faces: 5,
  driver: "nats",
  model: "m@2",
  notSearched: [],
  deleting: { identities: 0, faces: 0 },
};

it("statistics say what is not searched and what is still being deleted, where there is any", () => {
  expect(statisticsText(statistics)).toBe("2 people, 5 faces; driver nats, embeddings of m@2");
  const more = {
    ...statistics,
    notSearched: [{ model: "m@1", faces: 3 }],
    deleting: { identities: 1, faces: 2_900 },
  };
  expect(statisticsText(more).split("\n").slice(1)).toEqual([
    "3 faces of m@1 are not searched: npm run gallery -- re-enrol",
    "2900 faces of 1 people are being deleted in the background",
  ]);
});
