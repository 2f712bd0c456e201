import { GalleryFaceSchema, StageFailure, create } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import type { GalleryDriver } from "../src/drivers/driver.js";
import { createIdentities } from "../src/operations/createIdentities.js";
import type { FaceToAdd, Identities } from "../src/operations/identities.js";
import { MODEL, embedding } from "./fixtures.js";
import { memoryStore, openMemoryGallery, type MemoryStore } from "./memory.js";

const face = (id: string, identity: string, seed: number): FaceToAdd => ({
  as: "any",
  face: create(GalleryFaceSchema, { id, model: MODEL, createdAtMs: seed }),
  identity: { id: identity, name: `Name of ${identity}`, consent: "signed", createdAtMs: 1 },
  embedding: embedding(seed),
});

/** What every change is made to a gallery of: i has f1 and f2, j has g. */
async function filled(): Promise<MemoryStore> {
  const store = memoryStore();
  const identities = createIdentities(openMemoryGallery(store, [MODEL]));
  for (const one of [face("f1", "i", 1), face("f2", "i", 2), face("g", "j", 3)]) await identities.add(one);
  return store;
}

const CHANGES: Record<string, (identities: Identities) => Promise<unknown>> = {
  "a face of a new identity": (identities) => identities.add(face("h", "k", 4)),
  "a further face": (identities) => identities.add(face("h", "i", 4)),
  "a new name": (identities) => identities.rename("i", "Renamed"),
  "a merge": (identities) => identities.merge("i", "j"),
  "a face's deletion": (identities) => identities.deleteFace("f1"),
  "an identity's deletion": (identities) => identities.deleteIdentity("i"),
};

/** Calls `before` ahead of each write of the driver and `after` behind it, both with the number of the write. */
function watched(
  driver: GalleryDriver,
  { before, after }: { before?(write: number): void; after?(write: number): void },
): GalleryDriver {
  let writes = 0;
  const around =
    <Input, Output>(write: (input: Input) => Promise<Output>) =>
    async (input: Input): Promise<Output> => {
      const number = ++writes;
      before?.(number);
      const output = await write(input);
      after?.(number);
      return output;
    };
  const { records, vectors } = driver;
  return {
    ...driver,
    records: { ...records, write: around(records.write), remove: around(records.remove) },
    vectors: { ...vectors, put: around(vectors.put), remove: around(vectors.remove) },
  };
}

function fail(): never {
  throw new StageFailure("gallery_unavailable");
}

/** As the next question would find it; faces of a record that have no vector, vectors that no record lists. */
function stateOf({ identities, vectors }: MemoryStore) {
  const listed = [...identities.values()].flatMap(({ id, faces }) =>
    faces.map((one) => `${id} ${one.face.id}`),
  );
  const stored = [...vectors.values()].map(({ identityId, face: { id } }) => `${identityId} ${id}`);
  return {
    names: [...identities.values()].map(({ name }) => name).sort(),
    listed: listed.sort(),
    withoutVector: listed.filter((one) => !stored.includes(one)),
    unlisted: stored.filter((one) => !listed.includes(one)),
  };
}

describe.each(Object.entries(CHANGES))("%s", (name, change) => {
  it.each(["before", "after"] as const)(
    "that ends %s any of its writes can be asked for again, and is then as if nothing had happened",
    async (moment) => {
      const whole = await filled();
      let writes = 0;
      const counting = { after: () => void writes++ };
      await change(createIdentities(watched(openMemoryGallery(whole, [MODEL]), counting)));
      for (let ended = 1; ended <= writes; ended++) {
        const store = await filled();
        const ending = { [moment]: (write: number) => write === ended && fail() };
        const broken = createIdentities(watched(openMemoryGallery(store, [MODEL]), ending));
        await expect(change(broken), `write ${ended}`).rejects.toMatchObject({ code: "gallery_unavailable" });
        // No answer that a search gives meanwhile names a face that its identity does not list.
        const identities = createIdentities(openMemoryGallery(store, [MODEL]));
        for (const { faceId } of (await identities.nearest(embedding(1), 10)).candidates)
          expect(await identities.hasFaces([faceId])).toEqual([true]);
        // What was done altogether, but for its answer, is refused the second time.
        await change(identities).catch((error: unknown) =>
          expect(error).toMatchObject({ code: "identity_not_found" }),
        );
        expect(stateOf(store), `write ${ended}`).toEqual(stateOf(whole));
      }
      expect(writes).toBeGreaterThan(0);
      expect(stateOf(whole)).toMatchObject({ withoutVector: [], unlisted: [] });
    },
  );

  it("starts over where another replica changes the identity before any of its writes, and loses neither change", async () => {
    for (let disturbed = 1; disturbed <= 4; disturbed++) {
      const store = await filled();
      const touch = (write: number) => {
        const identity = store.identities.get("i");
        // Another name is another version.
        if (write === disturbed && identity) store.identities.set("i", { ...identity, consent: "renewed" });
      };
      await change(createIdentities(watched(openMemoryGallery(store, [MODEL]), { before: touch })));
      const whole = await filled();
      await change(createIdentities(openMemoryGallery(whole, [MODEL])));
      expect(stateOf(store), `${name}, write ${disturbed}`).toEqual(stateOf(whole));
    }
  });
});

it("gives up a change that others are faster than every time", async () => {
  const store = await filled();
  const touch = () => {
    const identity = store.identities.get("i")!;
    store.identities.set("i", { ...identity });
  };
  const identities = createIdentities(watched(openMemoryGallery(store, [MODEL]), { before: touch }));
  await expect(identities.rename("i", "Renamed")).rejects.toMatchObject({ code: "gallery_unavailable" });
}, 30_000);

it("takes the vector back where the store has no room for its record", async () => {
  const store = await filled();
  const driver = openMemoryGallery(store, [MODEL]);
  const write = async () => {
    throw new StageFailure("gallery_full");
  };
  const full = createIdentities({ ...driver, records: { ...driver.records, write } });
  await expect(full.add(face("h", "k", 4))).rejects.toMatchObject({ code: "gallery_full" });
  expect(stateOf(store)).toEqual(stateOf(await filled()));
});
