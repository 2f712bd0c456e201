import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { HEAD_BYTES, photoTypeOf } from "../src/jobs/photoCheck";

const MAX = 20 * 2 ** 20;
const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const typeOf = (head: Uint8Array, size = 1_000) => photoTypeOf("it", size, head, MAX);
const titleOf = (type: ReturnType<typeof photoTypeOf>) => (typeof type === "string" ? type : type.title);

describe("a file that somebody gives", () => {
  it("is told by its first bytes, as the gateway does", async () => {
    const sample = new URL("../../models/samples/photos/portrait-1.jpg", import.meta.url);
    expect(typeOf((await readFile(sample)).subarray(0, HEAD_BYTES))).toBe("photo");
    for (const head of [
      "\x89PNG\r\n\x1a\n",
      "GIF89a",
      "RIFF\x01\x02\x03\x04WEBP",
      "II*\0",
      "MM\0*",
      "\0\0\0\x1cftypavif\0\0\0\0mif1miaf",
    ]) {
      expect(typeOf(bytes(head)), head).toBe("photo");
    }
    expect(typeOf(bytes("\0\0\0\x18ftypheic\0\0\0\0mif1heic"))).toBe("heic");
    expect(typeOf(bytes("\0\0\0\x18ftypmif1\0\0\0\0mif1heic"))).toBe("heic");
  });

  it("is refused in words that say what to do", () => {
    expect(titleOf(typeOf(new Uint8Array(), 0))).toContain("empty");
    expect(titleOf(typeOf(bytes("%PDF-1.7")))).toBe("it is a PDF.");
    expect(titleOf(typeOf(bytes("hello")))).toBe("Can't open it.");
    expect(titleOf(typeOf(bytes("\xff\xd8\xff"), MAX + 1))).toBe("it is too big (21.0 MB).");
    expect(titleOf(typeOf(bytes("\xff\xd8\xff"), 34.2 * 2 ** 20))).toBe("it is too big (35.9 MB).");
  });
});
