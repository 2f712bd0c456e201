import { describe, expect, it } from "vitest";
import { KnownPhotos, conflictWords } from "../src/knownPhotos.js";

const face = (id: string, of: { source?: string; photoDigest?: string; model?: string }) => ({
  id,
  model: "m@2",
  createdAtMs: 1,
  ...of,
});
const photo = (source: string, photoDigest: string) => ({ source, photoDigest });
const person = (name: string, ...photos: ReturnType<typeof photo>[]) => ({ name, photos });

describe("of a photo, an import", () => {
  const ada = {
    id: "ada",
    name: "Ada",
    faces: [
      face("f1", { source: "Ada/1.jpg", photoDigest: "one" }),
      face("f2", { source: "Ada/old.jpg" }),
      face("f3", { source: "Ada/older.jpg", model: "m@1" }),
    ],
  };
  const here = person(
    "Ada",
    photo("Ada/1.jpg", "one"),
    photo("Ada/renamed.jpg", "one"),
    photo("Ada/1.jpg", "two"),
    photo("Ada/old.jpg", "three"),
    photo("Ada/older.jpg", "four"),
    photo("Ada/unreadable.jpg", ""),
  );
  const bea = person("Bea", photo("Bea/1.jpg", "one"), photo("Bea/2.jpg", "two"), photo("Bea/3.jpg", ""));
  const plan = new KnownPhotos([ada], [here, bea], new Set(["m@1"]));
  const kinds = (of: typeof here) => of.photos.map((one) => plan.planOf(of, one).kind);

  it("goes by its bytes, not by its path; and where nobody has said their digest, lets the gallery compare", () => {
    expect(kinds(here)).toEqual(["known", "known", "conflict", "new", "known", "new"]);
  });

  it("names whose it is, where that is somebody else", () => {
    expect(kinds(bea)).toEqual(["conflict", "conflict", "new"]);
    const words = bea.photos.flatMap((one) => {
      const made = plan.planOf(bea, one);
      return made.kind === "conflict" ? [conflictWords(made)] : [];
    });
    expect(words).toEqual([
      "The very same photo is Ada's in the gallery.",
      "The very same photo is here as Ada's, too: whose face it shows, only you can say.",
    ]);
  });

  it("takes names that differ in their capital letters, spaces or composition for one person's", () => {
    const zoe = { id: "zoe", name: "Zo\u00eb", faces: [face("z", { photoDigest: "one" })] };
    const small = person(" zoe\u0308", photo("zoe/1.jpg", "one"), photo("zoe/2.jpg", "two"));
    const large = person("ZOE\u0308", photo("ZOE/2.jpg", "two"));
    const both = new KnownPhotos([zoe], [small, large], new Set());
    expect(both.identityOf(small)?.id).toBe("zoe");
    expect([
      ...small.photos.map((one) => both.planOf(small, one)),
      both.planOf(large, large.photos[0]!),
    ]).toEqual([{ kind: "known" }, { kind: "new" }, { kind: "new" }]);
  });

  it("knows, of several of one name, the one who has some of these photos", () => {
    const none = { id: "none", name: "Ada", faces: [] };
    const other = { id: "other", name: "Ada", faces: [face("g", { source: "Ada/x.jpg" })] };
    const of = (...photos: ReturnType<typeof photo>[]) => {
      const them = person("Ada", ...photos);
      return new KnownPhotos([none, other, ada], [them], new Set()).identityOf(them)?.id;
    };
    expect(of(photo("elsewhere.jpg", "one"))).toBe("ada");
    expect(of(photo("Ada/x.jpg", "new"))).toBe("other");
    expect(of(photo("y.jpg", "new"))).toBe("none");
  });
});
