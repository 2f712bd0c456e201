/** What to do with files of a format that is known and not taken. */
const EXPORT = "Export it as JPEG.";
const DEVELOP = "Develop it, and export it as JPEG.";
const CHOOSE = "Send a photo.";

/** Bytes as Latin-1, and where they stand. */
type Sign = readonly [at: number, bytes: string];

/** The first bytes of formats that are not taken, by each format's own specification, or its maker's files. */
const BEGINNINGS: readonly (readonly [name: string, help: string, ...signs: Sign[]])[] = [
  ["a BMP", EXPORT, [0, "BM"], [6, "\0\0\0\0"]],
  ["a JPEG 2000", EXPORT, [0, "\0\0\0\x0cjP  \r\n\x87\n"]],
  ["a JPEG 2000", EXPORT, [0, "\xff\x4f\xff\x51"]],
  ["a JPEG XL", EXPORT, [0, "\0\0\0\x0cJXL \r\n\x87\n"]],
  ["a JPEG XL", EXPORT, [0, "\xff\x0a"]],
  ["a JPEG XR", EXPORT, [0, "II\xbc\x01"]],
  ["a BigTIFF", EXPORT, [0, "II+\0"]],
  ["a BigTIFF", EXPORT, [0, "MM\0+"]],
  ["a Photoshop document", EXPORT, [0, "8BPS"]],
  ["an OpenEXR", EXPORT, [0, "\x76\x2f\x31\x01"]],
  ["a Radiance HDR", EXPORT, [0, "#?RADIANCE"]],
  ["a QOI", EXPORT, [0, "qoif"]],
  ["an icon (ICO)", EXPORT, [0, "\0\0\x01\0"]],
  ["a DICOM", EXPORT, [128, "DICM"]],
  ["a RAW photo (RAF)", DEVELOP, [0, "FUJIFILMCCD-RAW"]],
  ["a RAW photo (ORF)", DEVELOP, [0, "IIRO"]],
  ["a RAW photo (ORF)", DEVELOP, [0, "IIRS"]],
  ["a RAW photo (ORF)", DEVELOP, [0, "MMOR"]],
  ["a RAW photo (RW2)", DEVELOP, [0, "IIU\0"]],
  ["a RAW photo (X3F)", DEVELOP, [0, "FOVb"]],
  ["a RAW photo (MRW)", DEVELOP, [0, "\0MRM"]],
  ["a RAW photo (CRW)", DEVELOP, [6, "HEAPCCDR"]],
  ["a PDF", EXPORT, [0, "%PDF"]],
  ["a PostScript file", EXPORT, [0, "%!PS"]],
  ["a ZIP file", "Send the photos that are in it.", [0, "PK\x03\x04"]],
];

/** ISO media files (ISO/IEC 14496-12) by their major brand and those that it is compatible with. */
const BRANDS: readonly (readonly [name: string, help: string, brands: RegExp])[] = [
  ["a RAW photo (CR3)", DEVELOP, /^crx /],
  ["a HEIC", EXPORT, /hei[cxms]|hev[cxms]/],
  ["a HEIF", EXPORT, /^(mif1|msf1)/],
  ["a film", CHOOSE, /^(qt {2}|iso.|mp4|M4V|avc1|3g)/],
];

const TEXTS: readonly (readonly [name: string, help: string, text: RegExp])[] = [
  ["a drawing (SVG) or XML", EXPORT, /^(<\?xml|<svg|<!doctype svg)/i],
  ["a web page", CHOOSE, /^<(!doctype html|html)/i],
];

const TAKEN = "JPEG, PNG, WebP, AVIF, GIF and TIFF photos are taken.";

/** What a file that is no photo by its first bytes seems to be, and what to do, in sentences. */
export function refusalOf(bytes: Buffer): string {
  const [name, help] = knownAs(bytes) ?? ["no photo by its first bytes", CHOOSE];
  return `This is ${name}; ${TAKEN} ${help}`;
}

/** The same of a photo that only its maker's programs develop. */
export function rawRefusal(kind: string): string {
  return `This is a RAW photo (${kind}); ${TAKEN} ${DEVELOP}`;
}

function knownAs(bytes: Buffer): readonly [string, string, ...unknown[]] | undefined {
  const at = (from: number, length: number) => bytes.toString("latin1", from, from + length);
  if (at(4, 4) === "ftyp") {
    const brands = at(8, 24);
    return BRANDS.find(([, , sign]) => sign.test(brands)) ?? ["an ISO media file of no photo", EXPORT];
  }
  const text = bytes
    .toString("utf8", 0, 256)
    .replace(/^\ufeff/, "")
    .trimStart();
  return (
    BEGINNINGS.find(([, , ...signs]) => signs.every(([from, sign]) => at(from, sign.length) === sign)) ??
    TEXTS.find(([, , sign]) => sign.test(text))
  );
}
