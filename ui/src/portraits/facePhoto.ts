import type { ExtractedJson, FaceJson } from "@similarfaces/contracts/job";
import { fetchPicture } from "../api/installation";
import { ApiFailure } from "../api/request";
import { portraitSquare } from "./geometry";

/** After these times a server that was away is asked again. */
const RETRY_MS = [3_000, 10_000];
/** Pixels of a portrait that nobody asks for more than: the photo is not decoded larger than its faces need. */
export const PORTRAIT_PIXELS_MAX = 640;

/**
 * A photo whose faces are known, to cut their portraits from. It is decoded by the browser's own threads when the first portrait asks, once
 * for all of them, and closed when the last has drawn: a bitmap of 48 megapixels takes 192 MB.
 */
export class FacePhoto {
  /** What `extract` has said of it. */
  readonly extracted: ExtractedJson;
  readonly #local: Blob | undefined;
  readonly #url: string | undefined;
  #bitmap: Promise<ImageBitmap> | undefined;
  #users = 0;
  /** Portraits are drawn one at a time, so that sixty of them do not keep the page from anything else. */
  #turn = Promise.resolve();

  /** `local` is the visitor's own file; `url` the server's picture, for what the page has no file of, or none that it can read. */
  constructor(extracted: ExtractedJson, local: Blob | undefined, url: string | undefined) {
    this.extracted = extracted;
    this.#local = local;
    this.#url = url;
  }

  /** Of the upright photo, pixels. */
  get size() {
    return this.extracted.size;
  }

  get faces(): readonly FaceJson[] {
    return this.extracted.faces;
  }

  /**
   * Gives the decoded photo to a task; its pixels may be fewer than the photo's.
   * @throws where the photo cannot be had or decoded (any more)
   */
  async use(task: (bitmap: ImageBitmap) => void): Promise<void> {
    this.#users++;
    const bitmap = (this.#bitmap ??= this.#decode());
    try {
      const decoded = await bitmap;
      await (this.#turn = this.#turn.then(nextTask));
      task(decoded);
    } finally {
      if (--this.#users === 0) {
        this.#bitmap = undefined;
        void bitmap.then(
          (unused) => unused.close(),
          // Its users know.
          () => undefined,
        );
      }
    }
  }

  async #decode(): Promise<ImageBitmap> {
    const local = this.#local && (await this.#decoded(this.#local).catch(() => undefined));
    if (local) return local;
    if (this.#url === undefined) throw new Error("neither the page nor the server has the photo");
    return this.#decoded(await fetchPatiently(this.#url));
  }

  /** Upright by its EXIF data, as the server's is. */
  async #decoded(photo: Blob): Promise<ImageBitmap> {
    const { width, height } = this.size;
    // As much as the smallest portrait needs: of a single large face only a part of the pixels.
    const smallest = Math.min(...this.faces.map((face) => portraitSquare(face, this.size).side));
    const scale = PORTRAIT_PIXELS_MAX / smallest;
    return createImageBitmap(photo, {
      imageOrientation: "from-image",
      ...(scale < 1
        ? {
            resizeWidth: Math.ceil(width * scale),
            resizeHeight: Math.ceil(height * scale),
            resizeQuality: "high",
          }
        : {}),
    });
  }
}

const nextTask = () => new Promise<void>((resolve) => setTimeout(resolve));

/** A picture of the server's, which may be away just now. */
async function fetchPatiently(url: string): Promise<Blob> {
  for (const delayMs of RETRY_MS) {
    try {
      return await fetchPicture(url);
    } catch (error) {
      if (!(error instanceof ApiFailure) || !error.retryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
  return fetchPicture(url);
}
