/** Why a file cannot be analysed, and what the person can do. */
export interface Refusal {
  title: string;
  help: string;
}

export type PhotoType = "photo" | "heic" | Refusal;

/** The types that the gateway takes, by their first bytes (gateway/src/jobs/imageHeader.ts). */
const ACCEPTED = "JPEG, PNG, WebP, AVIF, GIF and TIFF photos are taken.";

/** First bytes that are enough to know the type. */
export const HEAD_BYTES = 64;

/** What a file is, by its size and first bytes: its name and declared type prove nothing. */
export function photoTypeOf(name: string, bytes: number, head: Uint8Array, bytesMax: number): PhotoType {
  if (bytes === 0) {
    return {
      title: `${name} is empty (0 bytes).`,
      help: "If it lies in a cloud folder, open it once so that it is downloaded, then drop it again.",
    };
  }
  const latin = String.fromCharCode(...head);
  if (latin.startsWith("%PDF")) {
    return { title: `${name} is a PDF.`, help: "Save the page as a picture (JPEG or PNG) and drop that." };
  }
  if (isHeic(latin)) return "heic";
  if (!isAcceptedType(latin)) return { title: `${name} is not a photo that can be read.`, help: ACCEPTED };
  if (bytes > bytesMax) {
    const mebibytes = (count: number) => `${(count / 2 ** 20).toFixed(1).replace(".0", "")} MiB`;
    return {
      title: `${name} is too large (${mebibytes(bytes)}).`,
      help: `Photos of up to ${mebibytes(bytesMax)} are taken; export it smaller.`,
    };
  }
  return "photo";
}

export function folderRefusal(name: string): Refusal {
  return { title: `${name} is a folder.`, help: "Open it and drop the photos in it; many at once is fine." };
}

export const FOREIGN_IMAGE: Refusal = {
  title: "That picture belongs to another site, which keeps its bytes from this page.",
  help: "Save it first (right click, Save image as), then drop the file.",
};

export const UNREADABLE_HEIC: Refusal = {
  title: "This is a HEIC photo, which this browser cannot open.",
  help: "Share or export it as JPEG. On an iPhone: Settings, Camera, Formats, Most Compatible.",
};

/** ISO base media files list their brands behind "ftyp". */
function isHeic(latin: string): boolean {
  return (
    latin.slice(4, 8) === "ftyp" && !isAvif(latin) && /hei[cxms]|hev[cxms]|mif1|msf1/.test(latin.slice(8, 40))
  );
}

function isAvif(latin: string): boolean {
  return latin.slice(4, 8) === "ftyp" && /avi[fs]/.test(latin.slice(8, 40));
}

function isAcceptedType(latin: string): boolean {
  return (
    latin.startsWith("\xff\xd8\xff") ||
    latin.startsWith("\x89PNG\r\n\x1a\n") ||
    /^GIF8[79]a/.test(latin) ||
    /^(II\*\0|MM\0\*)/.test(latin) ||
    (latin.startsWith("RIFF") && latin.slice(8, 12) === "WEBP") ||
    isAvif(latin)
  );
}
