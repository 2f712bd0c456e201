import { memoryStore, openMemoryGallery, type MemoryStore } from "./memory.js";
import { testGallery } from "./gallerySuite.js";

const stores = new Map<string, MemoryStore>();

testGallery("memory", async (name, models) => {
  const store = stores.get(name) ?? memoryStore();
  stores.set(name, store);
  return openMemoryGallery(store, models);
});
