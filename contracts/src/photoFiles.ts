/** Which files an import takes for photos, and of whom: one list of rules for the page and the command line. */

/** What a file is by its path: a photo, one that only a system or a file manager knows, or one passed over for a reason. */
export type FileKind =
  { kind: "photo" } | { kind: "heic" } | { kind: "system" } | { kind: "other"; reason: string };

const PHOTO = /\.(jpe?g|jpe|jfif|png|webp|avif|gif|tiff?)$/i;
const HEIC = /\.(hei[cf]s?|hif)$/i;
/** Hidden files, bins, and the thumbnails and indices of network storage, in whichever folder they lie. */
const SYSTEM =
  /(^|\/)(\..*|@eaDir|@__thumb|#recycle|@Recycle|#snapshot|lost\+found|\$RECYCLE\.BIN|System Volume Information|__MACOSX|Thumbs\.db|ehthumbs\.db|desktop\.ini|Icon\r)(\/|$)/i;

const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /\.(cr[23w]|nef|nrw|arw|sr[2fw]|dng|orf|rw2|raf|pef|3fr|erf|raw)$/i,
    "a camera's raw file: export it as JPEG",
  ],
  [
    /\.(bmp|jp2|j2k|jpx|jxl|psd|xcf|svg|ico|tga|pcx|eps|ai)$/i,
    "a picture in a format that is not read: export it as JPEG or PNG",
  ],
  [/\.(mov|mp4|m4v|avi|mkv|webm|mts|m2ts|3gp|wmv|mpe?g)$/i, "a video"],
  [/\.(zip|rar|7z|tar|t?gz)$/i, "an archive: unpack it first"],
];
/** Where HEIC is not decoded. */
export const HEIC_REASON = "HEIC is not read here: the page converts it, or export it as JPEG";

/** Of a path with `/` between its parts. */
export function kindOfFile(path: string): FileKind {
  if (SYSTEM.test(path)) return { kind: "system" };
  if (PHOTO.test(path)) return { kind: "photo" };
  if (HEIC.test(path)) return { kind: "heic" };
  return {
    kind: "other",
    reason: REASONS.find(([ending]) => ending.test(path))?.[1] ?? "no photo by its name",
  };
}

/** Words that stand for any picture, in some of the languages of cameras and systems. */
const WORDS =
  "photos?|fotos?|images?|imagen|im[aá]genes|pictures?|pics?|bild(er)?|scans?|camera( roll)?|kamera|dcim|untitled|unnamed|unbenannt|download|snapshot|capture|selfie|portrait";
/** What cameras write before a number. In capitals, or all small: "Sam_0001.jpg" is of Sam. */
const PREFIXES =
  "DSC[FNX]?|DCS|IMG[PQ]?|IMAG|RIMG|FB IMG|MG|PICT|CIMG|SAM|SDC|SDIM|HPIM|HNI|EPSN|KIF|KIC[A-Z]|ST[ABC]|GOPR|G[HPX]\\d\\d|DJI|MVIMG|MVI|VID|WIN|WP|PXL|PSX|LRM|C360|PANO|BURST";
const SMALL_PREFIXES = "dsc[fn]?|img|fb img|mvimg|vid|pxl|gopr|dji";
/** After `_` has become a space. */
const CAMERA_NAMES: readonly RegExp[] = [
  // DSC_0001, IMG_E1234, IMG-20240101-WA0001; by the rule of cameras (DCF) also P1000123 (Leica's with L, Ricoh's with R), 100_0001, and the
  // folder 100APPLE; a copy has a number behind it.
  new RegExp(`^(${PREFIXES}|${SMALL_PREFIXES})[\\s-]*[Ee]?\\d{3,}.*$`),
  /^[LPR][\dA-F]\d{6}([\s(~-].*)?$/,
  /^\d{3}[\s-]\d{4}([\s(~-].*)?$/,
  // A burst of a telephone; milliseconds since 1970, or the numbers of a social network.
  /^\d{5}(IMG|PORTRAIT) \d{5}.*$/,
  /^\d{9,}([\s-]\d+)*([\s-][a-z])?$/,
  /^\d{3}(?=.*[A-Z])[A-Z\d ]{5}$/,
  // A date, with or without a time: 20240101_120000, 2024-01-01 12.00.00.
  /^(19|20)\d\d[\s.-]?\d\d[\s.-]?\d\d([\s.T-].*)?$/,
  /^(whatsapp (images?|video)|screenshots?|screen shot|bildschirmfoto|captura de pantalla|capture d.[eé]cran|photo on|signal|snapchat|received|telegram|viber( image)?|inshot)([\s-].*)?$/i,
  new RegExp(`^(${WORDS})[\\s-]*\\(?[\\d\\s.,:-]*\\)?$`, "i"),
  // What a machine has called it: a UUID, a hash.
  /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i,
  /^(?=.*\d)[\da-f]{16,}$/i,
];

/** Whether a name (of a file without its ending, or of a folder) is what a camera gave, and nobody's. */
export function isCameraName(name: string): boolean {
  const plain = name.replaceAll("_", " ").trim();
  return CAMERA_NAMES.some((pattern) => pattern.test(plain));
}

/**
 * The person in a photo, by its path within what is imported: the folder's name, or where it lies in none its own, as `nameOfFile` has it. "" for
 * what a camera has named; may be no name that `checkedName` takes.
 */
export function nameOfPath(path: string): string {
  const [first = "", ...rest] = path.split("/");
  if (rest.length === 0) return nameOfFile(first).normalize("NFC");
  return isCameraName(first) ? "" : first.normalize("NFC").trim();
}

/**
 * The person in a photo, by the photo's file name: "Ada_Lovelace_0002.jpg" and "Ada Lovelace (2).png" are of Ada Lovelace; "7.jpg" is of 7,
 * "R2D2.jpg" of R2D2; "DSC_0001.JPG" is of nobody ("").
 */
export function nameOfFile(file: string): string {
  const stem = file.replace(/\.[^.]*$/, "");
  if (isCameraName(stem)) return "";
  const spaced = stem.replaceAll("_", " ").trim();
  return spaced.replace(/[\s-]+(\(\d+\)|\d+)$/, "");
}
