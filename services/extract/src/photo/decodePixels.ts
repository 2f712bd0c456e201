import { PHOTO_PIXELS_MAX, StageFailure } from "@similarfaces/contracts";
import type { Picture } from "@similarfaces/vision";
import type { Sharp, SharpOptions } from "sharp";
import { regionOfRows, wholePhoto, type DecodedPhoto } from "./decodedPhoto.js";
import sharp from "./libvips.js";
import { layoutOfTruncated, truncatedJpeg } from "./truncatedJpeg.js";

type FailOn = SharpOptions["failOn"];

/**
 * Decodes in this process, on one thread of libuv's pool. A JPEG that ends too early is decoded as far as it goes (truncatedJpeg.ts), which
 * takes three decodes more. Of any other JPEG the first is the only one, unless libjpeg complains of it.
 * @param secondsMax by the clock, of each decode
 * @throws StageFailure undecodable_image, also beyond `secondsMax`
 */
export async function decodePixels(bytes: Uint8Array, secondsMax?: number): Promise<DecodedPhoto> {
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  try {
    if (!isJpeg) return wholePhoto(await decode(bytes, isTiff(bytes) ? "error" : "truncated", secondsMax));
    return await decode(bytes, "warning", secondsMax).then(wholePhoto, (complaint: unknown) =>
      decodeTruncated(bytes, complaint, secondsMax),
    );
  } catch (cause) {
    if (cause instanceof StageFailure) throw cause;
    const isTooSlow = cause instanceof Error && cause.message.includes("timeout: ");
    throw isTooSlow ? tooSlow(cause) : new StageFailure("undecodable_image", undefined, { cause });
  }
}

/** Of a TIFF that ends too early libvips says so as of one that is damaged. */
function isTiff(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x49 || bytes[0] === 0x4d) && bytes[1] === bytes[0];
}

async function decodeTruncated(
  upload: Uint8Array,
  complaint: unknown,
  secondsMax?: number,
): Promise<DecodedPhoto> {
  const layout = layoutOfTruncated(upload, complaint);
  // What else libjpeg complains of is no more than a stray byte in most files.
  const stray = async () => wholePhoto(await decode(upload, "truncated", secondsMax));
  if (!layout) return stray();
  const { width, height, channels, orientation = 1 } = await sharp(upload).metadata();
  // Of colours green, in which all three components of a JPEG have a part: computing what is grey takes longer than to decode.
  const channel = channels > 1 ? "green" : 0;
  const truncated = await truncatedJpeg(upload, layout, { width, height }, (jpeg) =>
    open(jpeg, "none", secondsMax).extractChannel(channel).raw().toBuffer(),
  );
  if (!truncated) throw complaint;
  if (truncated === "damaged") return stray();
  const picture = await decode(truncated.bytes, "none", secondsMax);
  const { rows } = truncated;
  return { ...picture, isTruncated: true, decoded: regionOfRows(rows, picture, orientation) };
}

async function decode(bytes: Uint8Array, failOn: FailOn, secondsMax?: number): Promise<Picture> {
  const { data, info } = await open(bytes, failOn, secondsMax)
    .autoOrient()
    .flatten({ background: "#fff" })
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return { pixels: data, width: info.width, height: info.height };
}

function open(bytes: Uint8Array, failOn: FailOn, secondsMax?: number): Sharp {
  const photo = sharp(bytes, { failOn, limitInputPixels: PHOTO_PIXELS_MAX });
  return secondsMax === undefined ? photo : photo.timeout({ seconds: secondsMax });
}

export function tooSlow(cause?: Error): StageFailure {
  return new StageFailure(
    "undecodable_image",
    "Decoding the photo takes too long; export it again, as a JPEG.",
    { cause },
  );
}
