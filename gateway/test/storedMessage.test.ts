import {
  ResultSchema,
  create,
  newJobId,
  resultSubject,
  toBinary,
  type MessageInitShape,
} from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { JobEvents } from "../src/relay/jobEvents.js";
import { decodeStored } from "../src/relay/storedMessage.js";
import { extracted } from "./meshFixture.js";
import { answerOf, groupAnswer, split, together, type Place } from "./playedGroups.js";

type ResultShape = MessageInitShape<typeof ResultSchema>;

const JOB = newJobId(1);
const decode = (place: Place, result: ResultShape, sequence = 7) =>
  decodeStored(resultSubject(JOB, ...place), sequence, toBinary(ResultSchema, create(ResultSchema, result)));
const age = (face: number) => answerOf(JOB, "age", face);
const facesOf = (place: Place, result: ResultShape) => decode(place, result)?.events.map(({ face }) => face);

describe("a stored message", () => {
  it("is an event for each face that it answers", () => {
    expect(facesOf(["age", 2], groupAnswer(JOB, "age", [2, 3, 5]))).toEqual([2, 3, 5]);
    expect(facesOf(["age", 2], age(2))).toEqual([2]);
    expect(facesOf(["age", 2, 3], age(3))).toEqual([3]);
  });

  it("need not be about the face that its group is named by: that may have failed before", () => {
    expect(facesOf(["match", 2], groupAnswer(JOB, "match", [3, 4]))).toEqual([3, 4]);
  });

  it("is no event where it says that a group was split", () => {
    expect(decode(["age", 2], split(JOB, "age", 2))).toMatchObject({ sequence: 7, events: [] });
  });

  const nested = together([age(0), together([age(1), age(2)])]);
  it.each<[string, Place, ResultShape]>([
    ["another job's", ["age", 0], together([age(0), answerOf(newJobId(2), "age", 1)])],
    ["another stage's", ["age", 0], together([age(0), answerOf(JOB, "gender", 1)])],
    ["one without a face", ["age", 0], together([age(0), { jobId: JOB, stage: "age" }])],
    ["one face's twice", ["age", 0], together([age(0), age(1), age(1)])],
    ["that of a face before the group", ["age", 2], together([age(2), age(1)])],
    ["more faces than travel together", ["age", 0], groupAnswer(JOB, "age", [0, 1, 2, 3, 4])],
    ["others of their own", ["age", 0], nested],
    ["a split among answers", ["age", 0], together([age(0), split(JOB, "age", 1)])],
    ["a split of another group", ["age", 0], split(JOB, "age", 1)],
    ["a split with answers", ["age", 0], together([split(JOB, "age", 0), age(1)])],
    ["a split of a single face", ["age", 0, 0], split(JOB, "age", 0)],
    ["another face's, where one is named", ["age", 0, 1], age(2)],
    ["several, where one is named", ["age", 0, 1], together([age(1), age(2)])],
    ["several photos'", ["extract"] as never, together([extracted(JOB, 1), extracted(JOB, 2)])],
  ])("is none with %s", (_, place, result) => {
    expect(decode(place, result)).toBeUndefined();
  });
});

describe("a job's events", () => {
  const added = (...messages: [Place, ResultShape, number][]) => {
    const events = new JobEvents(JOB);
    for (const message of messages) events.add(decode(...message)!);
    return events;
  };
  const seen = ({ all }: JobEvents) =>
    all.map(({ event, sequence, isLast, isLate }) => ({ face: event.face, sequence, isLast, isLate }));

  it("know the last of each message, and what came late", () => {
    const events = added([["age", 4], age(4), 9], [["age", 0], groupAnswer(JOB, "age", [0, 1]), 8]);
    expect(seen(events)).toEqual([
      { face: 4, sequence: 9, isLast: true, isLate: false },
      { face: 0, sequence: 8, isLast: false, isLate: true },
      { face: 1, sequence: 8, isLast: true, isLate: true },
    ]);
    expect(events.sequence).toBe(9);
  });

  it("have each face once, and of a message whose last face is known another is the last", () => {
    const events = added([["age", 1], age(1), 5], [["age", 0], groupAnswer(JOB, "age", [0, 1]), 6]);
    expect(seen(events)).toEqual([
      { face: 1, sequence: 5, isLast: true, isLate: false },
      { face: 0, sequence: 6, isLast: true, isLate: false },
    ]);
  });

  it("lack nothing of a message that says that a group was split", () => {
    const events = added([["age", 0], split(JOB, "age", 0), 5]);
    expect(events.has(5)).toBe(true);
    expect(events.all).toEqual([]);
  });
});
