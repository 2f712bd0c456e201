import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import sharp, { type Sharp } from "sharp";
import { PICTURE, rawOf, tiffOf } from "./tiff.js";

/** A real file, or its first bytes where nothing here writes its format, by the name that an answer has to call it. */
type Files = Readonly<Record<string, Uint8Array | Promise<Uint8Array>>>;

const here = (name: string) => readFile(fileURLToPath(new URL(name, import.meta.url)));
const PORTRAIT = fileURLToPath(new URL("../../../models/samples/photos/portrait-2.jpg", import.meta.url));
const portrait = () => sharp(PORTRAIT).resize(240);
const cut = async (photo: Sharp, share: number) => {
  const bytes = await photo.toBuffer();
  return bytes.subarray(0, Math.floor(bytes.length * share));
};
const latin1 = (text: string) => Buffer.from(text.padEnd(200, "\0"), "latin1");
/** An ISO media file's first box: its major brand, and those that it is compatible with. */
const media = (...brands: string[]) => latin1(`\0\0\0\x1cftyp${brands[0]}\0\0\0\0${brands.join("")}`);
/** Of two frames, of which only the first shows the portrait. */
const frames = async () => {
  const second = await portrait().negate().flip().png().toBuffer();
  return sharp([await portrait().png().toBuffer(), second], { join: { animated: true } });
};

async function labTiff(bits: 8 | 16): Promise<Buffer> {
  const depth = bits === 8 ? "uchar" : "ushort";
  const data = await portrait()
    .resize(64, 64, { fit: "fill" })
    .toColourspace("lab")
    .raw({ depth })
    .toBuffer();
  return tiffOf(PICTURE(bits, 8), data);
}

/** IHDR of a PNG: the size, and nothing else. */
function pngOf(width: number, height: number): Buffer {
  const png = Buffer.from("89504e470d0a1a0a0000000d4948445200000000000000000802000000", "hex");
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  return png;
}

/** By the rows of the table in gateway/README.md. */
export const FORMATS: Readonly<Record<string, () => Files>> = {
  JPEG: () => ({
    baseline: portrait().jpeg().toBuffer(),
    progressive: portrait().jpeg({ progressive: true }).toBuffer(),
    grey: portrait().greyscale().jpeg().toBuffer(),
    CMYK: portrait().toColourspace("cmyk").jpeg().toBuffer(),
  }),
  "JPEG, at most 5 % of its rows cut off; progressive, its first scans whole": () => ({
    baseline: cut(portrait().jpeg(), 0.97),
    "without its end marker": portrait()
      .jpeg()
      .toBuffer()
      .then((jpeg) => jpeg.subarray(0, -2)),
    progressive: cut(portrait().jpeg({ progressive: true }), 0.5),
  }),
  "JPEG, more cut off": () => ({
    baseline: cut(portrait().jpeg(), 0.5),
    progressive: cut(portrait().jpeg({ progressive: true }), 0.1),
  }),
  PNG: () => ({
    RGB: portrait().png().toBuffer(),
    transparent: portrait().ensureAlpha().png().toBuffer(),
    palette: portrait().png({ palette: true }).toBuffer(),
    "16 bits": portrait().toColourspace("rgb16").png().toBuffer(),
  }),
  WebP: () => ({
    still: portrait().webp().toBuffer(),
    lossless: portrait().webp({ lossless: true }).toBuffer(),
  }),
  AVIF: () => ({ still: portrait().avif({ effort: 0 }).toBuffer() }),
  GIF: () => ({ still: portrait().gif().toBuffer() }),
  "Animated GIF, WebP, AVIF": () => ({
    GIF: frames().then((animation) => animation.gif().toBuffer()),
    WebP: frames().then((animation) => animation.webp().toBuffer()),
    AVIF: here("animated.avif"),
  }),
  TIFF: () => ({
    RGB: portrait().tiff().toBuffer(),
    LZW: portrait().tiff({ compression: "lzw" }).toBuffer(),
    CMYK: portrait().toColourspace("cmyk").tiff().toBuffer(),
  }),
  "PNG, WebP, AVIF, GIF, TIFF, cut off": () => ({
    PNG: cut(portrait().png(), 0.97),
    WebP: cut(portrait().webp(), 0.5),
    AVIF: cut(portrait().avif({ effort: 0 }), 0.5),
    GIF: cut(portrait().gif(), 0.5),
    TIFF: tiffOf(PICTURE(8, 2), Buffer.alloc(64 * 32 * 3)),
  }),
  "TIFF in Lab of 8 bits, ICCLAB, LogLuv and such": () => ({
    CIELAB: labTiff(8),
    ICCLAB: tiffOf(PICTURE(8, 9)),
    ITULAB: tiffOf(PICTURE(8, 10)),
    LogLuv: tiffOf(PICTURE(16, 32845)),
    "colour space": tiffOf(PICTURE(8, 12)),
  }),
  "BMP, JPEG 2000, JPEG XL, JPEG XR": () => ({
    BMP: latin1(`BM${"\0".repeat(12)}\x28`),
    "JPEG 2000": latin1("\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 "),
    "a JPEG 2000": latin1("\xff\x4f\xff\x51\0\x2f"),
    "JPEG XL": latin1("\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl "),
    "a JPEG XL": latin1("\xff\x0a\xfa\x7f"),
    "JPEG XR": latin1("II\xbc\x01\x08"),
  }),
  "HEIC, HEIF": () => ({ HEIC: media("heic", "mif1", "heic"), HEIF: media("mif1", "miaf") }),
  "RAW within a TIFF: DNG, CR2, NEF, ARW, PEF, SRW, 3FR, IIQ and others": () => ({
    DNG: rawOf("Google", [[50706, 0x00000401]]),
    CR2: tiffOf([[271, "Canon\0"]], undefined, "CR\x02\0\0\0\0\0"),
    NEF: rawOf("NIKON CORPORATION"),
    ARW: rawOf("SONY"),
    PEF: tiffOf([...PICTURE(16, 32803), [271, "PENTAX Corporation\0"]]),
    SRW: rawOf("SAMSUNG"),
    "3FR": rawOf("Hasselblad"),
    IIQ: tiffOf([], undefined, "IIII\0\0\0\0"),
    "TIFF/EP": rawOf("Somebody"),
  }),
  "RAW of its own kind: CR3, CRW, ORF, RAF, RW2, X3F, MRW": () => ({
    CR3: media("crx ", "crx ", "isom"),
    CRW: latin1("II\x1a\0\0\0HEAPCCDR"),
    ORF: latin1("IIRO\x08\0\0\0"),
    "(ORF)": latin1("IIRS\x08\0\0\0"),
    RAF: latin1("FUJIFILMCCD-RAW 0201"),
    RW2: latin1("IIU\0\x18\0\0\0"),
    X3F: latin1("FOVb"),
    MRW: latin1("\0MRM"),
  }),
  "BigTIFF, Photoshop, OpenEXR, Radiance, QOI, ICO, DICOM": () => ({
    BigTIFF: latin1("II+\0\x08\0\0\0"),
    Photoshop: latin1("8BPS\0\x01"),
    OpenEXR: latin1("\x76\x2f\x31\x01\x02"),
    Radiance: latin1("#?RADIANCE\n"),
    QOI: latin1("qoif"),
    ICO: latin1("\0\0\x01\0\x01\0"),
    DICOM: latin1(`${"\0".repeat(128)}DICM`),
  }),
  "SVG, HTML, PDF, PostScript, ZIP, films": () => ({
    SVG: latin1('\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
    "web page": latin1("<!DOCTYPE html>"),
    PDF: latin1("%PDF-1.7"),
    PostScript: latin1("%!PS-Adobe-3.0"),
    ZIP: latin1("PK\x03\x04"),
    film: media("isom", "mp42"),
  }),
  "anything else": () => ({ "no photo": Buffer.from("hello") }),
  nothing: () => ({ bytes: new Uint8Array() }),
  "more than 60 megapixels, or 20,000 pixels on a side": () => ({
    "1 by 60000000": pngOf(1, 60_000_000),
    "60.1 megapixels": pngOf(10_000, 6_010),
  }),
  "a header without a size, also a TIFF that is cut off before its directory": () => ({
    PNG: pngOf(0, 0),
    TIFF: tiffOf([]),
    "TIFF, cut off": cut(portrait().tiff(), 0.5),
    JPEG: Buffer.from([0xff, 0xd8, 0xff, 0xe0]),
  }),
};
