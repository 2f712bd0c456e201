import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";

/** Writes sections that a SealedReader finds whole or damaged. JSON is behind its length in bytes, uint32. */
export class SealedWriter {
  readonly #file: FileHandle;
  #checksum = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async json(value: unknown): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(value));
    await this.write(Uint32Array.of(bytes.length));
    await this.write(bytes);
  }

  async write(values: ArrayBufferView): Promise<void> {
    const bytes = bytesOf(values);
    this.#checksum = crc32(bytes, this.#checksum);
    for (let at = 0; at < bytes.length;) at += (await this.#file.write(bytes, at)).bytesWritten;
  }

  /** Ends a section. */
  async seal(): Promise<void> {
    await this.write(Uint32Array.of(this.#checksum));
    this.#checksum = 0;
  }
}

/** All methods throw Error where the file is cut short or damaged. */
export class SealedReader {
  readonly #file: FileHandle;
  /** Bytes: a damaged length is not to ask for more memory than there can be need of. */
  #left: number;
  #checksum = 0;

  private constructor(file: FileHandle, bytes: number) {
    this.#file = file;
    this.#left = bytes;
  }

  static async of(file: FileHandle): Promise<SealedReader> {
    return new SealedReader(file, (await file.stat()).size);
  }

  async json(): Promise<unknown> {
    const count = await this.#uint32();
    this.#mustHold(count);
    const bytes = Buffer.allocUnsafe(count);
    await this.readInto(bytes);
    return JSON.parse(bytes.toString("utf8"));
  }

  /** Reads as much as there is room for, where it is to stay. */
  async readInto(values: ArrayBufferView): Promise<void> {
    const bytes = bytesOf(values);
    this.#mustHold(bytes.length);
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await this.#file.read(bytes, at);
      if (bytesRead === 0) throw new Error("the file is cut short");
      at += bytesRead;
    }
    this.#left -= bytes.length;
    this.#checksum = crc32(bytes, this.#checksum);
  }

  /** At the end of a section: whether everything since the last is what was written. */
  async check(): Promise<void> {
    const checksum = this.#checksum;
    if ((await this.#uint32()) !== checksum) throw new Error("the file is damaged");
    this.#checksum = 0;
  }

  async #uint32(): Promise<number> {
    const value = new Uint32Array(1);
    await this.readInto(value);
    return value[0]!;
  }

  #mustHold(bytes: number): void {
    if (bytes > this.#left) throw new Error("the file is cut short");
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
