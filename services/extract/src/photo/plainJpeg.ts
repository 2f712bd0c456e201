import sharp from "./libvips.js";
import { rebuildJpeg } from "../jpeg/rebuildJpeg.js";
import { isLargePhoto } from "./weight.js";

/**
 * The same JPEG without anything but its picture, where the upload is one that every viewer shows as the decoder sees it: upright, sRGB
 * or grey, 8 bits. Not one pixel is computed again, so nothing is lost and next to nothing spent: encoding two megapixels anew
 * costs 13 ms. Undefined for all others, which have to be encoded.
 */
export async function plainJpeg(upload: Uint8Array): Promise<Uint8Array | undefined> {
  if (upload[0] !== 0xff || upload[1] !== 0xd8) return undefined;
  const { format, orientation, space, depth, icc, width, height } = await sharp(upload).metadata();
  const isPlain =
    format === "jpeg" &&
    (orientation ?? 1) === 1 &&
    (space === "srgb" || space === "b-w") &&
    depth === "uchar" &&
    (icc === undefined || isSrgb(icc));
  if (!isPlain) return undefined;
  const rebuilt = rebuildJpeg(upload);
  if (!rebuilt) return undefined;
  const { bytes, scans } = rebuilt;
  return scans === 1 || (!isLargePhoto({ width, height }) && (await hasNothingToPassOver(bytes)))
    ? bytes
    : undefined;
}

/** By the name that the profile gives itself. */
function isSrgb(icc: Buffer): boolean {
  return icc.includes("sRGB") || icc.includes(Buffer.from("sRGB", "utf16le").swap16());
}

/** Of several scans libjpeg reads all before it gives the first row, up to the end, and complains of each byte that it passes over. */
async function hasNothingToPassOver(jpeg: Uint8Array): Promise<boolean> {
  return sharp(jpeg, { failOn: "warning" })
    .timeout({ seconds: 3 })
    .resize(16, 16)
    .toBuffer()
    .then(
      () => true,
      () => false,
    );
}
