import { describe, expect, it } from "vitest";
import { natsGalleries, nearestTo, numbered } from "./natsGalleries.js";

const { open, blobs, broker, server, stream } = natsGalleries();

describe("replicas that follow one bucket", () => {
  it("see every one of many changes made at once", async () => {
    const [writer, reader] = [await open(), await open()];
    await Promise.all(Array.from({ length: 120 }, (_, i) => writer.enrol(numbered(i, `i${i % 10}`))));
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
    const [one_, two] = [await open(), await open()];
    for (let round = 0; round < 6; round++) {
      await one_.enrol(numbered(1_000 + round, "person"));
      await Promise.allSettled([
        ...Array.from({ length: 8 }, (_, i) =>
          (i % 2 ? one_ : two).enrol(numbered(round * 10 + i, i < 6 ? "person" : "other")),
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
    const [first, second] = [await open(), await open()];
    await first.enrol(numbered(1));
    await Promise.all([first.rename("i1", "One"), second.rename("i1", "Two")]);
    const names = [await first.get("i1"), await second.get("i1")].map(({ name }) => name);
    expect(names[0]).toBe(names[1]);
    expect(["One", "Two"]).toContain(names[0]);
  });

  it("follow on after the broker was killed and came back", async () => {
    const [writer, reader] = [await open(), await open()];
    await writer.enrol(numbered(1));
    await expect.poll(() => nearestTo(reader, 1)).toBe("f1");
    await server().kill();
    // What is in memory is still searched.
    expect(await nearestTo(reader, 1)).toBe("f1");
    await server().restart();
    await expect
      .poll(() => writer.enrol(numbered(2)).catch(() => undefined), { timeout: 30_000 })
      .toBeTruthy();
    await expect.poll(() => nearestTo(reader, 2), { timeout: 15_000 }).toBe("f2");
  });
});

describe("a bucket that goes wrong", () => {
  it("is gone while serving: a clear failure, and service again when it is back", async () => {
    const gallery = await open();
    await gallery.enrol(numbered(1));
    await broker().jsm.streams.delete(stream());
    for (const question of [
      () => gallery.get("i1"),
      () => gallery.enrol(numbered(2)),
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
    await other.enrol(numbered(3));
    await expect.poll(() => gallery.ready(), { timeout: 10_000 }).toBe(true);
    await expect.poll(() => nearestTo(gallery, 3), { timeout: 10_000 }).toBe("f3");
    expect(await gallery.statistics()).toMatchObject({ identities: 1, faces: 1 });
  });

  it("is deleted and made anew between two looks", async () => {
    const gallery = await open();
    for (let i = 0; i < 5; i++) await gallery.enrol(numbered(i));
    const { config } = await broker().jsm.streams.info(stream());
    await broker().jsm.streams.delete(config.name);
    await broker().jsm.streams.add(config);
    await expect
      .poll(() => gallery.statistics().catch(() => undefined), { timeout: 15_000 })
      .toMatchObject({ identities: 0, faces: 0 });
    await gallery.enrol(numbered(9));
    expect(await nearestTo(gallery, 9)).toBe("f9");
  });

  it("is full: nothing more goes in, what is there stays, and deleting makes room", async () => {
    const gallery = await open({ bytesMax: 48 * 1024 });
    let faces = 0;
    let failure: unknown;
    while (failure === undefined && faces < 100) {
      await gallery.enrol(numbered(faces)).then(
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
    expect((await gallery.enrol(numbered(50))).added).toBe(true);
    const other = await open({ bytesMax: 48 * 1024 });
    expect(await other.statistics()).toMatchObject({ faces: faces - 1 });
    expect(await nearestTo(other, 50)).toBe("f50");
  });

  it("holds what nobody can read: the rest is served", async () => {
    const gallery = await open();
    await gallery.enrol(numbered(1));
    for (const key of ["face.bad", "identity.bad", "something.else"]) {
      await broker().js.publish(`${stream().replace("KV_", "$KV.")}.${key}`, new Uint8Array([0xff, 1, 2]));
    }
    await gallery.enrol(numbered(2));
    expect(await gallery.statistics()).toMatchObject({ identities: 2, faces: 2 });
    expect(await (await open()).statistics()).toMatchObject({ identities: 2, faces: 2 });
  });
});
