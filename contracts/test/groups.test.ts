import { describe, expect, it } from "vitest";
import {
  CHIP_SIDE,
  EmbeddingWorkSchema,
  FaceWorkSchema,
  chipBytes,
  chipsOfWork,
  create,
  groupsOf,
  probesOfWork,
  toBinary,
  type MessageInitShape,
} from "../src/mod.js";

describe("the groups of a photo's faces", () => {
  const faces = (count: number, skipped: readonly number[] = []) =>
    Array.from({ length: count }, (_, index) => ({ index, skipped: skipped.includes(index) }));
  const indices = (...of: Parameters<typeof groupsOf>) =>
    groupsOf(...of).map((group) => group.map(({ index }) => index));

  it("are as many in order as fit; the last may have fewer", () => {
    expect(indices(faces(6), 4)).toEqual([
      [0, 1, 2, 3],
      [4, 5],
    ]);
    expect(indices(faces(3), 1)).toEqual([[0], [1], [2]]);
    expect(indices([], 4)).toEqual([]);
  });

  it("leave out the faces that are skipped", () => {
    expect(indices(faces(6, [0, 3]), 2)).toEqual([
      [1, 2],
      [4, 5],
    ]);
  });
});

describe("the pieces of a message", () => {
  const chip = new Uint8Array(chipBytes(CHIP_SIDE));

  it("of chips know their group by its first face", () => {
    const work = create(FaceWorkSchema, {
      chipSide: CHIP_SIDE,
      faces: [4, 6].map((face) => ({ face, chip })),
    });
    const pieces = chipsOfWork(toBinary(FaceWorkSchema, work));
    expect(pieces.map(({ group, face }) => [group, face])).toEqual([
      [4, 4],
      [4, 6],
    ]);
  });

  it("of probes know the group of their chips, and whether it was split", () => {
    const pieces = (work: MessageInitShape<typeof EmbeddingWorkSchema>) =>
      probesOfWork(toBinary(EmbeddingWorkSchema, create(EmbeddingWorkSchema, work))).map(
        ({ group, face, isSplit }) => [group, face, isSplit],
      );
    expect(pieces({ probes: [{ face: 0 }, { face: 1 }] })).toEqual([
      [0, 0, false],
      [0, 1, false],
    ]);
    expect(pieces({ probes: [{ face: 6 }], group: 4, isSplit: true })).toEqual([[4, 6, true]]);
    expect(pieces({ probes: [{ face: 6 }], group: 0 })).toEqual([[0, 6, false]]);
  });

  it("are none where it is malformed", () => {
    const empty = new Uint8Array();
    for (const read of [chipsOfWork, probesOfWork])
      expect(() => read(empty)).toThrow(expect.objectContaining({ code: "malformed_message" }));
  });
});
