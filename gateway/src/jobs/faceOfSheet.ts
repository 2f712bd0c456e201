import sharp from "sharp";
import { JPEG_QUALITY } from "@similarfaces/contracts";

// As in extract, which may share the process.
sharp.concurrency(1);
sharp.cache(false);

/**
 * One face of a job's sheet as a JPEG of its own: in the sheet's quality, whose blocks end where its faces end. The only pixels that a gateway ever decodes are these, of extract's making.
 * @param side pixels of a side of the job's chips
 */
export async function faceOfSheet(sheet: Uint8Array, face: number, side: number): Promise<Uint8Array> {
  return sharp(sheet)
    .extract({ left: 0, top: face * side, width: side, height: side })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer();
}
