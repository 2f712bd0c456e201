import sharp from "sharp";
import { CHIP_SIDE, JPEG_QUALITY } from "@similarfaces/contracts";

// As in extract, which may share the process.
sharp.concurrency(1);
sharp.cache(false);

/**
 * One face of a job's sheet, 144x144, as a JPEG of its own: in the sheet's quality, whose blocks end where its faces end. The only pixels that a gateway ever decodes are these, of extract's making.
 */
export async function faceOfSheet(sheet: Uint8Array, face: number): Promise<Uint8Array> {
  return sharp(sheet)
    .extract({ left: 0, top: face * CHIP_SIDE, width: CHIP_SIDE, height: CHIP_SIDE })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer();
}
