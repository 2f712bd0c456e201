import type { Blob, Blobs } from "@similarfaces/runtime";

/** Blobs in memory, and the order in which they were written and deleted. */
export function memoryBlobs(): Blobs & { stored: Map<string, Blob>; log: string[] } {
  const stored = new Map<string, Blob>();
  const log: string[] = [];
  const remove = (key: string) => {
    log.push(`delete ${key.split("/").at(-1)}`);
    return stored.delete(key);
  };
  return {
    driver: "nats",
    stored,
    log,
    async put(key, bytes, contentType) {
      log.push(`put ${key.split("/").at(-1)}`);
      stored.set(key, { bytes, contentType, delete: async () => void remove(key) });
    },
    get: async (key) => stored.get(key),
    delete: async (key) => remove(key),
    list: async (prefix) => [...stored.keys()].filter((key) => key.startsWith(prefix)),
    storedAtMs: async (key) => (stored.has(key) ? 0 : undefined),
    fault: () => undefined,
    close: async () => {},
  };
}
