import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGallery, openNatsGallery, type Gallery, type NatsGalleryOptions } from "@similarfaces/gallery";
import { connectBroker, createLog, type Broker } from "@similarfaces/runtime";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { MODEL, embedding, face, memoryBlobs, near, probe } from "./gallerySuite.js";

const MIB = 1024 * 1024;
const log = createLog({ service: "test", level: "silent" });
let server: NatsServer;
let broker: Broker;
let folder: string;
let bucket: string;
let opened: Gallery[] = [];

beforeAll(async () => {
  server = await startNatsServer();
  broker = await connectBroker({ url: server.url, name: "test" });
  folder = await mkdtemp(join(tmpdir(), "similarfaces-gallery-"));
});
afterEach(async () => {
  await Promise.all(opened.map((gallery) => gallery.close()));
  opened = [];
  await broker.jsm.streams.delete(`KV_${bucket}`).catch(() => {});
});
afterAll(async () => {
  await broker?.close();
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

let buckets = 0;
function newBucket(): string {
  return (bucket = `GALLERY_${++buckets}`);
}

const blobs = memoryBlobs();

async function open(options: Partial<NatsGalleryOptions> = {}): Promise<Gallery> {
  const driver = await openNatsGallery({ broker, bucket, model: MODEL, bytesMax: 8 * MIB, log, ...options });
  const gallery = createGallery(driver, blobs, MODEL);
  opened.push(gallery);
  return gallery;
}

async function close(gallery: Gallery): Promise<void> {
  opened = opened.filter((other) => other !== gallery);
  await gallery.close();
}

const one = (i: number, identity = `i${i}`) => face({ id: `f${i}`, identity, embedding: embedding(i) });
const nearestTo = async (gallery: Gallery, i: number) =>
  (await gallery.search(probe(near(embedding(i), 0.9)), 1)).candidates[0]?.faceId;

describe("replicas that follow one bucket", () => {
  it("see every one of many changes made at once", async () => {
    newBucket();
    const [writer, reader] = [await open(), await open()];
    await Promise.all(Array.from({ length: 120 }, (_, i) => writer.enrol(one(i, `i${i % 10}`))));
    await Promise.all(Array.from({ length: 60 }, (_, i) => writer.deleteFace(`f${i}`)));
    await writer.deleteIdentity("i9");
    await writer.merge("i8", "i7");
    expect(await writer.statistics()).toMatchObject({ identities: 8, faces: 54 });
    expect(await reader.statistics()).toMatchObject({ identities: 8, faces: 54 });
    expect((await reader.get("i7")).faces.length).toBe(12);
    expect(await nearestTo(reader, 100)).toBe("f100");
    expect(await nearestTo(reader, 5)).not.toBe("f5");
  });

  it("leave no face behind when identities are deleted while others enrol into them", async () => {
    newBucket();
    const [one_, two] = [await open(), await open()];
    for (let round = 0; round < 6; round++) {
      await one_.enrol(one(1_000 + round, "person"));
      await Promise.allSettled([
        ...Array.from({ length: 8 }, (_, i) =>
          (i % 2 ? one_ : two).enrol(one(round * 10 + i, i < 6 ? "person" : "other")),
        ),
        two.deleteIdentity("person"),
        one_.merge("other", "person"),
      ]);
    }
    for (const id of ["person", "other"]) await one_.deleteIdentity(id).catch(() => {});
    for (const gallery of [one_, two]) {
      expect(await gallery.statistics()).toMatchObject({ identities: 0, faces: 0 });
    }
  });

  it("agree on the name when two rename at once", async () => {
    newBucket();
    const [first, second] = [await open(), await open()];
    await first.enrol(one(1));
    await Promise.all([first.rename("i1", "One"), second.rename("i1", "Two")]);
    const names = [await first.get("i1"), await second.get("i1")].map(({ name }) => name);
    expect(names[0]).toBe(names[1]);
    expect(["One", "Two"]).toContain(names[0]);
  });

  it("follow on after the broker was killed and came back", async () => {
    newBucket();
    const [writer, reader] = [await open(), await open()];
    await writer.enrol(one(1));
    await expect.poll(() => nearestTo(reader, 1)).toBe("f1");
    await server.kill();
    // What is in memory is still searched.
    expect(await nearestTo(reader, 1)).toBe("f1");
    await server.restart();
    await expect.poll(() => writer.enrol(one(2)).catch(() => undefined), { timeout: 30_000 }).toBeTruthy();
    await expect.poll(() => nearestTo(reader, 2), { timeout: 15_000 }).toBe("f2");
  });
});

describe("a bucket that goes wrong", () => {
  it("is gone while serving: a clear failure, and service again when it is back", async () => {
    newBucket();
    const gallery = await open();
    await gallery.enrol(one(1));
    await broker.jsm.streams.delete(`KV_${bucket}`);
    for (const question of [
      () => gallery.get("i1"),
      () => gallery.enrol(one(2)),
      () => gallery.deleteFace("f1"),
      () => gallery.list({ nameContains: "", pageSize: 5, pageToken: "" }),
    ]) {
      await expect(question()).rejects.toMatchObject({ code: "gallery_unavailable", retryable: true });
    }
    await expect.poll(() => gallery.ready(), { timeout: 10_000 }).toBe(false);
    await expect(nearestTo(gallery, 1)).rejects.toMatchObject({
      code: "gallery_unavailable",
      message: expect.stringContaining("bucket is gone") as string,
    });
    // As another replica does at its start.
    const other = await open();
    await other.enrol(one(3));
    await expect.poll(() => gallery.ready(), { timeout: 10_000 }).toBe(true);
    await expect.poll(() => nearestTo(gallery, 3), { timeout: 10_000 }).toBe("f3");
    expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 1 });
  });

  it("is deleted and made anew between two looks", async () => {
    newBucket();
    const gallery = await open();
    for (let i = 0; i < 5; i++) await gallery.enrol(one(i));
    const { config } = await broker.jsm.streams.info(`KV_${bucket}`);
    await broker.jsm.streams.delete(config.name);
    await broker.jsm.streams.add(config);
    await expect
      .poll(() => gallery.statistics().catch(() => undefined), { timeout: 15_000 })
      .toMatchObject({ identities: 0, faces: 0 });
    await gallery.enrol(one(9));
    expect(await nearestTo(gallery, 9)).toBe("f9");
  });

  it("is full: nothing more goes in, what is there stays, and deleting makes room", async () => {
    newBucket();
    const gallery = await open({ bytesMax: 48 * 1024 });
    let faces = 0;
    let failure: unknown;
    while (failure === undefined && faces < 100) {
      await gallery.enrol(one(faces)).then(
        () => faces++,
        (error: unknown) => (failure = error),
      );
    }
    expect(failure).toMatchObject({ code: "gallery_full", retryable: true });
    expect(await gallery.statistics()).toMatchObject({ identities: faces, faces });
    expect(blobs.stored.has(`gallery/f${faces}.jpg`)).toBe(false);
    expect(await nearestTo(gallery, faces - 1)).toBe(`f${faces - 1}`);
    await gallery.deleteIdentity("i0");
    await gallery.deleteFace("f1");
    expect((await gallery.enrol(one(50))).added).toBe(true);
    const other = await open({ bytesMax: 48 * 1024 });
    expect(await other.statistics()).toMatchObject({ faces: faces - 1 });
    expect(await nearestTo(other, 50)).toBe("f50");
  });

  it("holds what nobody can read: the rest is served", async () => {
    newBucket();
    const gallery = await open();
    await gallery.enrol(one(1));
    for (const key of ["face.bad", "identity.bad", "something.else"]) {
      await broker.js.publish(`$KV.${bucket}.${key}`, new Uint8Array([0xff, 1, 2]));
    }
    await gallery.enrol(one(2));
    expect(await gallery.statistics()).toMatchObject({ identities: 2, faces: 2 });
    expect(await (await open()).statistics()).toMatchObject({ identities: 2, faces: 2 });
  });
});

describe("a snapshot", () => {
  const snapshotFile = () => join(folder, `${bucket}.snapshot`);

  it("is left on closing, and a start reads only what has changed since", async () => {
    newBucket();
    const before = await open({ snapshotFile: snapshotFile() });
    for (let i = 0; i < 20; i++) await before.enrol(one(i, `i${i % 4}`));
    await before.rename("i1", "Renamed");
    await before.merge("i3", "i2");
    await close(before);
    expect((await stat(snapshotFile())).mode & 0o077).toBe(0);
    const elsewhere = await open();
    await elsewhere.enrol(one(30));
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
    newBucket();
    const gallery = await open({ snapshotFile: snapshotFile() });
    await gallery.enrol(one(1));
    await close(gallery);
    const again = await open({ snapshotFile: snapshotFile() });
    await again.deleteFace("f1");
    await expect.poll(() => existsSync(snapshotFile())).toBe(false);
    await close(again);
    const saved = await readFile(snapshotFile());
    expect(saved.includes(Buffer.from(one(1).embedding))).toBe(false);
  });

  it.each([
    ["is cut short", (path: string) => truncate(path, 5_000)],
    ["is no such file", (path: string) => writeFile(path, "something else altogether")],
    ["is empty", (path: string) => truncate(path, 0)],
    ["is of an earlier layout", (path: string) => replaceIn(path, '"version":3', '"version":2')],
    ["has another name than was written", (path: string) => replaceIn(path, "Name of i2", "Name of i9")],
    ["has another vector than was written", (path: string) => flipLastBit(path)],
  ])("that %s is passed over, and written anew", async (_, damage) => {
    newBucket();
    const gallery = await open({ snapshotFile: snapshotFile() });
    for (let i = 0; i < 8; i++) await gallery.enrol(one(i));
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
    newBucket();
    const options = { snapshotFile: snapshotFile() };
    const before = await open(options);
    for (let i = 0; i < 6; i++) await before.enrol(one(i));
    await close(before);
    const driver = await openNatsGallery({
      broker,
      bucket,
      model: "other@1",
      bytesMax: 8 * MIB,
      log,
      ...options,
    });
    expect(await driver.nearest(embedding(3), 1)).toEqual({ candidates: [], galleryFaces: 0 });
    await driver.rename("i1", "Renamed");
    await driver.close();
    const after = await open(options);
    expect(await nearestTo(after, 3)).toBe("f3");
    expect(await after.statistics()).toMatchObject({ identities: 6, faces: 6 });
  });

  it("of a bucket that was deleted since is passed over", async () => {
    newBucket();
    const gallery = await open({ snapshotFile: snapshotFile() });
    await gallery.enrol(one(1));
    await close(gallery);
    await broker.jsm.streams.delete(`KV_${bucket}`);
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
