import { existsSync } from "node:fs";
import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { MODEL, embedding } from "./fixtures.js";
import { natsGalleries, nearestTo, numbered } from "./natsGalleries.js";

const { open, close, openIdentities, broker, stream, snapshotFile } = natsGalleries();

describe("a snapshot", () => {
  it("is left on closing, and a start reads only what has changed since", async () => {
    const before = await open({ snapshotFile: snapshotFile() });
    for (let i = 0; i < 20; i++) await before.enrol(numbered(i, `i${i % 4}`));
    await before.rename("i1", "Renamed");
    await before.merge("i3", "i2");
    await close(before);
    expect((await stat(snapshotFile())).mode & 0o077).toBe(0);
    const elsewhere = await open();
    await elsewhere.enrol(numbered(30));
    await elsewhere.rename("i2", "Later");
    await elsewhere.deleteFace("f5");
    const after = await open({ snapshotFile: snapshotFile() });
    const question = { pageSize: 500, pageToken: "" };
    expect(await after.exportFaces(question)).toEqual(await elsewhere.exportFaces(question));
    expect(await after.statistics()).toEqual(await elsewhere.statistics());
    expect((await after.get("i2")).name).toBe("Later");
    expect((await after.get("i1")).name).toBe("Renamed");
    expect(await nearestTo(after, 30)).toBe("f30");
    expect(await nearestTo(after, 7)).toBe("f7");
    expect(await nearestTo(after, 5)).not.toBe("f5");
    // Further changes go on as ever.
    await after.merge("i2", "i30");
    expect((await elsewhere.get("i30")).faces.length).toBe(11);
  });

  it("is not on the disk any more once something of it was deleted", async () => {
    const gallery = await open({ snapshotFile: snapshotFile() });
    await gallery.enrol(numbered(1));
    await close(gallery);
    const again = await open({ snapshotFile: snapshotFile() });
    await again.deleteFace("f1");
    await expect.poll(() => existsSync(snapshotFile())).toBe(false);
    await close(again);
    const saved = await readFile(snapshotFile());
    expect(saved.includes(Buffer.from(numbered(1).embedding))).toBe(false);
  });

  it.each([
    ["is cut short", (path: string) => truncate(path, 5_000)],
    ["is no such file", (path: string) => writeFile(path, "something else altogether")],
    ["is empty", (path: string) => truncate(path, 0)],
    ["is of an earlier layout", (path: string) => replaceIn(path, '"version":6', '"version":5')],
    ["has another name than was written", (path: string) => replaceIn(path, "Name of i2", "Name of i9")],
    ["has another vector than was written", (path: string) => flipLastBit(path)],
  ])("that %s is passed over, and written anew", async (_, damage) => {
    const gallery = await open({ snapshotFile: snapshotFile() });
    for (let i = 0; i < 8; i++) await gallery.enrol(numbered(i));
    await close(gallery);
    const whole = await readFile(snapshotFile());
    await damage(snapshotFile());
    const again = await open({ snapshotFile: snapshotFile() });
    expect(await again.statistics()).toMatchObject({ identities: 8, faces: 8 });
    expect(await nearestTo(again, 3)).toBe("f3");
    expect((await again.get("i2")).name).toBe("Name of i2");
    // One that had been of use would be left as it is.
    await close(again);
    expect((await readFile(snapshotFile())).length).toBe(whole.length);
  });

  it("of another model's faces keeps them, compared by none until their model is back", async () => {
    const options = { snapshotFile: snapshotFile() };
    const before = await open(options);
    for (let i = 0; i < 6; i++) await before.enrol(numbered(i));
    await close(before);
    const other = await openIdentities({ models: ["other@1"], ...options });
    expect(await other.nearest(embedding(3), 1)).toEqual({ candidates: [], galleryFaces: 0 });
    await other.rename("i1", "Renamed");
    await other.close();
    const after = await open(options);
    expect(await nearestTo(after, 3)).toBe("f3");
    expect(await after.statistics()).toMatchObject({ identities: 6, faces: 6 });
  });

  it("is of use to whatever models are compared at the next start", async () => {
    const options = { snapshotFile: snapshotFile() };
    const before = await open(options);
    for (let i = 0; i < 6; i++) await before.enrol(numbered(i));
    await close(before);
    const saved = await readFile(snapshotFile());
    const other = await openIdentities({ models: ["other@1+int8", MODEL], ...options });
    const { candidates, galleryFaces } = await other.nearest(embedding(3), 1);
    expect([candidates[0]?.faceId, galleryFaces]).toEqual(["f3", 6]);
    expect((await other.statistics()).notSearched).toEqual([]);
    await other.close();
    const apart = await openIdentities({ models: ["other@1+int8"], ...options });
    expect((await apart.statistics()).notSearched).toEqual([{ model: MODEL, faces: 6 }]);
    await apart.close();
    // Loaded by both, and so not written anew by either.
    expect(await readFile(snapshotFile())).toEqual(saved);
  });

  it("of a bucket that was deleted since is passed over", async () => {
    const gallery = await open({ snapshotFile: snapshotFile() });
    await gallery.enrol(numbered(1));
    await close(gallery);
    await broker().jsm.streams.delete(stream());
    const again = await open({ snapshotFile: snapshotFile() });
    expect(await again.statistics()).toMatchObject({ identities: 0, faces: 0 });
  });
});

async function replaceIn(path: string, text: string, by: string): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.indexOf(text);
  if (at < 0) throw new Error(`${text} is not in the file`);
  bytes.write(by, at);
  await writeFile(path, bytes);
}

/** Of the numbers before the last checksum. */
async function flipLastBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length - 5]! ^= 1;
  await writeFile(path, bytes);
}
