import { describe, expect, it } from "vitest";
import { Room, type Leave } from "../src/stage/room.js";

/** Who is in, by name; `out` lets one go. */
function roomOf(size: number) {
  const room = new Room(size);
  const leaves = new Map<string, Leave>();
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    room,
    async comes(name: string, weight: number) {
      void room.enter(weight).then((leave) => leave && leaves.set(name, leave));
      await turn();
    },
    async out(name: string) {
      leaves.get(name)!();
      leaves.delete(name);
      await turn();
    },
    in: () => [...leaves.keys()],
  };
}

describe("the room of a stage", () => {
  it("holds as many light ones as it is large, and asks for as many as may come", async () => {
    const { room, comes, out, in: inside } = roomOf(2);
    expect(room.free()).toBe(2);
    for (const name of ["a", "b", "c"]) await comes(name, 1);
    expect(inside()).toEqual(["a", "b"]);
    expect(room.free()).toBe(0);
    await out("a");
    expect(inside()).toEqual(["b", "c"]);
    expect(room.free()).toBe(0);
  });

  it("keeps a place for light ones beside eight heavy ones, and goes on asking", async () => {
    const { room, comes, in: inside } = roomOf(4);
    for (let i = 1; i <= 8; i++) await comes(`heavy ${i}`, 3);
    expect(inside()).toEqual(["heavy 1"]);
    expect(room.free()).toBeGreaterThanOrEqual(room.pullMin());
    await comes("light", 1);
    expect(inside()).toEqual(["heavy 1", "light"]);
  });

  it("lets heavy ones in one after the other, however many light ones come", async () => {
    const { comes, out, in: inside } = roomOf(2);
    await comes("a", 1);
    await comes("b", 1);
    await comes("heavy 1", 3);
    await comes("heavy 2", 3);
    expect(inside()).toEqual(["a", "b", "heavy 1"]);
    await comes("c", 1);
    await out("heavy 1");
    expect(inside()).toContain("heavy 2");
  });

  it("takes several heavy ones that leave a place", async () => {
    const { comes, in: inside } = roomOf(4);
    await comes("24 megapixels", 1.2);
    await comes("30 megapixels", 1.5);
    await comes("another", 1.2);
    expect(inside()).toEqual(["24 megapixels", "30 megapixels"]);
  });

  it("asks for nothing more once sixteen heavy ones wait", async () => {
    const { room, comes, out } = roomOf(4);
    for (let i = 0; i <= 16; i++) await comes(`${i}`, 3);
    expect(room.free()).toBe(0);
    await out("0");
    expect(room.free()).toBe(1);
  });

  it("asks for as many messages as have their pieces fit in, and never for none where there is a place", async () => {
    const { room, comes, out } = roomOf(16);
    for (let i = 0; i < 40; i++) room.note(4);
    expect(room.free()).toBe(4);
    expect(room.pullMin()).toBe(1);
    for (let i = 0; i < 15; i++) await comes(`${i}`, 1);
    expect(room.free()).toBe(1);
    await comes("15", 1);
    expect(room.free()).toBe(0);
    for (let i = 0; i < 40; i++) room.note(1);
    for (let i = 0; i < 8; i++) await out(`${i}`);
    expect(room.free()).toBe(8);
  });

  it("sends away who waits when it closes, and lets nobody in", async () => {
    const { room } = roomOf(1);
    const first = await room.enter(1);
    const second = room.enter(1);
    room.close();
    expect(await second).toBeUndefined();
    expect(await room.enter(1)).toBeUndefined();
    expect(room.free()).toBe(0);
    first!();
  });
});
