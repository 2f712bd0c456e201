import { describe, expect, it } from "vitest";
import { planImport } from "../src/gallery/importPlan";

const given = (...paths: string[]) => paths.map((path) => ({ path, file: new File(["x"], path) }));
const namesOf = (...paths: string[]) =>
  planImport(given(...paths)).people.map(({ name, photos }) => [name, photos.map(({ source }) => source)]);

describe("a folder to import", () => {
  it("has one person per folder, with the photos in the order of their numbers", () => {
    expect(namesOf("all/Ada/10.jpg", "all/Bob/1.png", "all/Ada/9.jpg")).toEqual([
      ["Ada", ["Ada/9.jpg", "Ada/10.jpg"]],
      ["Bob", ["Bob/1.png"]],
    ]);
  });

  it("keeps apart photos of one name in folders of one person", () => {
    expect(namesOf("all/Ada/2023/1.jpg", "all/Ada/2024/1.jpg")).toEqual([
      ["Ada", ["Ada/2023/1.jpg", "Ada/2024/1.jpg"]],
    ]);
  });

  it("takes photos that lie in it directly for those whom their names say", () => {
    expect(namesOf("all/Ada_Lovelace_0001.JPG", "all/Ada_Lovelace_0002.jpg", "all/Bob.heic")).toEqual([
      ["Ada Lovelace", ["Ada_Lovelace_0001.JPG", "Ada_Lovelace_0002.jpg"]],
      ["Bob", ["Bob.heic"]],
    ]);
  });

  it("knows a name in whichever way it is composed", () => {
    expect(namesOf("all/Jose\u0301/1.jpg", "all/Jos\u00e9/2.jpg")).toEqual([
      ["Jos\u00e9", ["Jos\u00e9/1.jpg", "Jos\u00e9/2.jpg"]],
    ]);
  });

  it("says which files are no photos and why, but for what systems leave behind", () => {
    const plan = planImport(
      given(
        "all/Ada/1.jpg",
        "all/Ada/2.jfif",
        "all/Ada/notes.txt",
        "all/Ada/clip.mov",
        "all/.DS_Store",
        "all/Ada/._1.jpg",
        "all/Ada/@eaDir/1.jpg/thumb.jpg",
        "all/#recycle/Ada/1.jpg",
        "all/Thumbs.db",
      ),
    );
    expect(plan).toMatchObject({
      photos: 2,
      unnamed: [],
      passedOver: [
        { path: "all/Ada/clip.mov", reason: "a video" },
        { path: "all/Ada/notes.txt", reason: "no photo by its name" },
      ],
    });
  });

  it("calls nobody what a camera has called a photo", () => {
    const plan = planImport(given("all/DSC_0001.JPG", "all/IMG_0002.heic", "all/Ada/DSC_0003.JPG"));
    expect(plan).toMatchObject({
      people: [{ name: "Ada" }],
      photos: 1,
      unnamed: ["all/DSC_0001.JPG", "all/IMG_0002.heic"],
    });
  });

  it("knows what is in by what the gateway makes of a file's name", () => {
    const { people } = planImport(given("all/Ada/a\u0000b\u202e.jpg"));
    expect(people[0]!.photos[0]!.source).toBe("Ada/ab.jpg");
  });
});
