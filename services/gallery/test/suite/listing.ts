import { describe, expect, it } from "vitest";
import { MODEL, embedding, face, page } from "../fixtures.js";
import type { Stores } from "./stores.js";

export function testListing({ openGallery }: Stores): void {
  describe("listing", () => {
    const names = ["carla", "Anna", "Dora 100%", "bert", "Anna", "a*b", "Élise_1"];
    const filled = async () => {
      const gallery = await openGallery();
      for (const [i, name] of names.entries()) {
        await gallery.enrol(face({ id: `f${i}`, identity: `i${i}`, name, embedding: embedding(i) }));
      }
      return gallery;
    };

    it("pages by name, whatever its case, then by id", async () => {
      const gallery = await filled();
      const expected = ["i5", "i1", "i4", "i3", "i0", "i2", "i6"];
      for (const size of [1, 3, 7, 200]) {
        const ids: string[] = [];
        let token = "";
        do {
          const { identities, nextPageToken, total } = await gallery.list({
            nameContains: "",
            pageSize: size,
            pageToken: token,
          });
          expect(total).toBe(names.length);
          expect(identities.length).toBeLessThanOrEqual(size);
          ids.push(...identities.map(({ id }) => id));
          token = nextPageToken;
        } while (token !== "");
        expect(ids).toEqual(expected);
      }
      const [first] = (await gallery.list(page(1))).identities;
      expect(first).toMatchObject({ name: "a*b", faces: [{ id: "f5", model: MODEL }] });
    });

    it("finds parts of names, whatever their case, and nothing is a wildcard", async () => {
      const gallery = await filled();
      const found = async (nameContains: string) =>
        (await gallery.list(page(10, nameContains))).identities.map(({ id }) => id);
      expect(await found("ANN")).toEqual(["i1", "i4"]);
      expect(await found("r")).toEqual(["i3", "i0", "i2"]);
      expect(await found("élise")).toEqual(["i6"]);
      expect(await found("e\u0301LISE")).toEqual(["i6"]);
      expect(await found("*")).toEqual(["i5"]);
      expect(await found("a*b")).toEqual(["i5"]);
      expect(await found("?")).toEqual([]);
      expect(await found("\\")).toEqual([]);
      expect(await found("%")).toEqual(["i2"]);
      expect(await found("_")).toEqual(["i6"]);
      expect(await found("nobody")).toEqual([]);
      expect((await gallery.list(page(1, "ann"))).total).toBe(2);
    });

    it("refuses bad sizes and tokens that it never gave", async () => {
      const gallery = await filled();
      for (const pageSize of [0, 201, 1.5, NaN]) {
        await expect(gallery.list(page(pageSize))).rejects.toMatchObject({ code: "bad_request" });
      }
      await expect(gallery.list(page(10, "a".repeat(10_000)))).rejects.toMatchObject({
        code: "bad_request",
      });
      for (const pageToken of ["nonsense", "e30", "%00", "W10", "x".repeat(3_000)]) {
        await expect(
          gallery.list({ nameContains: "", pageSize: 2, pageToken }),
          pageToken.slice(0, 10),
        ).rejects.toMatchObject({ code: "bad_request" });
      }
    });
  });
}
