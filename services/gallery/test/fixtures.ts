import { EyesSchema, StageFailure, create, embeddingToBytes, type Eyes } from "@similarfaces/contracts";
import type { Blobs } from "@similarfaces/runtime";
import type { NewFace } from "../src/operations/gallery.js";

export const MODEL = "embed-test@1.0.0";

/** The start of a JPEG: nobody decodes a portrait here. */
export const PORTRAIT = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 4]);

export const EYES = eyesAt(124.25, 140, 196.5, 141);

export function eyesAt(leftX: number, leftY: number, rightX: number, rightY: number): Eyes {
  return create(EyesSchema, { left: { x: leftX, y: leftY }, right: { x: rightX, y: rightY } });
}

export function face(options: {
  id: string;
  identity: string;
  name?: string;
  embedding?: Float32Array;
  source?: string;
  photoDigest?: string;
  createdAtMs?: number;
  as?: NewFace["as"];
  eyes?: Eyes;
}): NewFace {
  return {
    faceId: options.id,
    identityId: options.identity,
    as: options.as ?? "any",
    name: options.name ?? `Name of ${options.identity}`,
    consent: "signed 2026-01-01",
    embedding: embeddingToBytes(options.embedding ?? embedding(1)),
    model: MODEL,
    createdAtMs: options.createdAtMs ?? 1_000,
    sourceJobId: "job-1",
    source: options.source ?? "",
    photoDigest: options.photoDigest ?? "",
    portrait: PORTRAIT,
    eyes: options.eyes ?? EYES,
  };
}

export function probe(of: Float32Array) {
  return { embedding: embeddingToBytes(of), model: MODEL };
}

export function page(pageSize: number, nameContains = "") {
  return { nameContains, pageSize, pageToken: "" };
}

/** A unit vector of 512; the same seed gives the same, two seeds give nearly orthogonal ones. */
export function embedding(seed: number): Float32Array {
  const random = mulberry32(seed + 1);
  return unit(Float32Array.from({ length: 512 }, () => random() + random() + random() - 1.5));
}

/** A unit vector at this cosine from another; the seed says on which side. */
export function near(of: Float32Array, cosine: number, seed = 0): Float32Array {
  const other = embedding(1_000_000 + seed);
  const along = cosineOf(of, other);
  const across = unit(other.map((value, i) => value - along * of[i]!));
  const sine = Math.sqrt(1 - cosine * cosine);
  return unit(of.map((value, i) => cosine * value + sine * across[i]!));
}

export function cosineOf(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return dot / Math.sqrt(aa * bb);
}

function unit(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / norm);
}

/** Uniform in 0..1. */
function mulberry32(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function withValue(vector: Float32Array, value: number): Uint8Array {
  return embeddingToBytes(vector.with(100, value));
}

/** A blob store in memory that can be down, and where everything was stored at one time. */
export function memoryBlobs(): Blobs & { stored: Map<string, Uint8Array>; down: boolean; atMs: number } {
  const stored = new Map<string, Uint8Array>();
  const up = () => {
    if (blobs.down) throw new StageFailure("storage_unavailable");
  };
  const blobs = {
    driver: "nats" as const,
    stored,
    down: false,
    atMs: 1_000,
    async put(key: string, bytes: Uint8Array) {
      up();
      stored.set(key, bytes.slice());
    },
    async get(key: string) {
      up();
      const bytes = stored.get(key);
      return bytes && { bytes, contentType: "image/jpeg", delete: async () => void stored.delete(key) };
    },
    async delete(key: string) {
      up();
      return stored.delete(key);
    },
    async list(prefix: string) {
      up();
      return [...stored.keys()].filter((key) => key.startsWith(prefix));
    },
    async storedAtMs(key: string) {
      up();
      return stored.has(key) ? blobs.atMs : undefined;
    },
    fault: () => undefined,
    close: async () => {},
  };
  return blobs;
}
