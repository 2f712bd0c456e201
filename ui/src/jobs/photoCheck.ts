import { formatBytes } from "../formats";

/** Why a file cannot be analysed, and what the person can do. */
export interface Refusal {
  title: string;
  help: string;
}

export type PhotoType = "photo" | "heic" | Refusal;

/** The types that the gateway takes, by their first bytes (gateway/src/jobs/imageHeader.ts). */
const ACCEPTED = "Please use a JPEG, PNG, WebP, AVIF, GIF or TIFF photo.";

/** First bytes that are enough to know the type. */
export const HEAD_BYTES = 64;

/** What a file is, by its size and first bytes: its name and declared type prove nothing. */
export function photoTypeOf(name: string, bytes: number, head: Uint8Array, bytesMax: number): PhotoType {
  if (bytes === 0) {
    return {
      title: `${name} is empty.`,
      help: "If it's in a cloud folder, open it once to download it, then drop it again.",
    };
  }
  const latin = String.fromCharCode(...head);
  if (latin.startsWith("%PDF")) {
    return { title: `${name} is a PDF.`, help: "Save the page as a JPEG or PNG picture and drop that." };
  }
  if (isHeic(latin)) return "heic";
  if (!isAcceptedType(latin)) return { title: `Can't open ${name}.`, help: ACCEPTED };
  if (bytes > bytesMax) {
    return {
      title: `${name} is too big (${formatBytes(bytes)}).`,
      help: `Photos can be up to ${formatBytes(bytesMax)}. Export a smaller copy and use that.`,
    };
  }
  return "photo";
}

export function folderRefusal(name: string): Refusal {
  return { title: `${name} is a folder.`, help: "Open it and drop the photos inside. Many at once is fine." };
}

export const FOREIGN_IMAGE: Refusal = {
  title: "Can't take a picture straight from another website.",
  help: "Save it first (right-click, Save image as), then drop the file.",
};

export const UNREADABLE_HEIC: Refusal = {
  title: "This browser can't open HEIC photos.",
  help: "Export it as a JPEG. To take JPEGs on an iPhone, go to Settings, Camera, Formats, Most Compatible.",
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
