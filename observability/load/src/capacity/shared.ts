import { stagesOfWork } from "@similarfaces/contracts";
import type { Costs } from "./costs.js";

/** What the parts that are not simply more pods must carry, per second. */
export interface SharedLoad {
  photosPerSecond: number;
  broker: {
    messages: number;
    /** Written by clients, before replication. */
    bytesIn: number;
    /** Read by the stages and the gateways. */
    bytesOut: number;
  };
  blobs: { puts: number; gets: number; deletes: number; bytesIn: number; bytesOut: number };
  gallery: { searches: number };
}

export function sharedLoad(photosPerSecond: number, costs: Costs): SharedLoad {
  const { messages, blobs, facesPerPhoto } = costs;
  // Every stage that reads chips gets every one.
  const chipReaders = stagesOfWork(Object.keys(costs.stages), "face").length;
  const perPhoto = (kind: keyof Costs["messages"], readers: number) =>
    messages[kind].perPhoto * messages[kind].bytesEach * readers;
  const all = (readers: Record<keyof Costs["messages"], number>) =>
    perPhoto("image", readers.image) +
    perPhoto("face", readers.face) +
    perPhoto("embedding", readers.embedding) +
    perPhoto("result", readers.result);
  const count = Object.values(messages).reduce((sum, kind) => sum + kind.perPhoto, 0);
  return {
    photosPerSecond,
    broker: {
      messages: photosPerSecond * count,
      bytesIn: photosPerSecond * all({ image: 1, face: 1, embedding: 1, result: 1 }),
      bytesOut: photosPerSecond * all({ image: 1, face: chipReaders, embedding: 1, result: 1 }),
    },
    // Upload and photo, a chip per face; the upload is read once; all of it goes in the end.
    blobs: {
      // The upload, the upright photo, the sheet of its faces.
      puts: photosPerSecond * 3,
      gets: photosPerSecond,
      deletes: photosPerSecond * 3,
      bytesIn: photosPerSecond * (blobs.uploadBytes + blobs.photoBytes + facesPerPhoto * blobs.chipBytes),
      bytesOut: photosPerSecond * blobs.uploadBytes,
    },
    gallery: { searches: photosPerSecond * facesPerPhoto },
  };
}

export interface Limit {
  part: string;
  /** Photos per second at which it is full. */
  photosPerSecond: number;
  why: string;
  /** False where it widens by itself. */
  stays: boolean;
}

/** S3's own, per partitioned prefix (docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html). */
const S3_WRITES_PER_SECOND = 3_500;

/** The parts that do not grow by adding pods, the narrowest first. */
export function limits(costs: Costs): Limit[] {
  const { messages, streamPerSecond } = costs;
  const load = sharedLoad(1, costs);
  return [
    {
      part: "SF_FACES, the stream of chips",
      photosPerSecond: streamPerSecond.chips / messages.face.perPhoto,
      why: "one stream has one leader, which writes every chip",
      stays: true,
    },
    {
      part: "SF_RESULTS, the stream of results",
      photosPerSecond: streamPerSecond.results / messages.result.perPhoto,
      why: "one stream has one leader, which writes every result",
      stays: true,
    },
    {
      part: "S3, while the bucket has one partition",
      photosPerSecond: S3_WRITES_PER_SECOND / (load.blobs.puts + load.blobs.deletes),
      why: "S3 splits a bucket under load by itself, within an hour; until then it answers 503, which is tried again",
      stays: false,
    },
  ].sort((a, b) => a.photosPerSecond - b.photosPerSecond);
}
