import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { placeAt } from "@similarfaces/contracts/pages";
import type { HttpReply, HttpRequest } from "../http/http.js";

/** The built page. */
export interface Site {
  /** The file at the request's path, or undefined where the page has none. */
  find(request: Omit<HttpRequest, "body">): HttpReply | undefined;
  /** The page at an address that nothing has, where it says so to a person: 404. Undefined under /v1, which programs ask, and without a page. */
  nothingAt(path: string): HttpReply | undefined;
}

interface SiteFile {
  bytes: Uint8Array;
  etag: string;
  contentType: string;
  /** Compressed by the build, by content coding. */
  variants: { coding: "br" | "gzip"; bytes: Uint8Array }[];
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".webp": "image/webp",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
};

const CODINGS = [
  { coding: "br", ending: ".br" },
  { coding: "gzip", ending: ".gz" },
] as const;

/** The build puts a hash of the content into these names. */
const HASHED = /^\/assets\//;

/** Whoever asks for one of these is a program, or the page itself. */
const NEVER_A_PAGE = /^\/(v1|assets)(\/|$)/;

/** What every address of the page is answered with. */
const PAGE_FILE = "/index.html";

/**
 * Reads the built page into memory: it is small, and so the files of one build are served, even while another one is written to the folder. A
 * missing folder is an empty site.
 */
export function openSite(siteDir: string): Site {
  const files = readSite(siteDir);
  return {
    find(request) {
      const { path } = request;
      const file = files.get(placeAt(path) ? PAGE_FILE : path);
      return file && replyOfFile(file, request, HASHED.test(path));
    },
    nothingAt(path) {
      const file = NEVER_A_PAGE.test(path) ? undefined : files.get(PAGE_FILE);
      return (
        file && {
          status: 404,
          headers: { "content-type": file.contentType, "cache-control": "no-store" },
          body: file.bytes,
        }
      );
    },
  };
}

/** At a stroke: some milliseconds, where a turn of the event loop for each step of each file would keep the start waiting ten times as long. */
function readSite(siteDir: string): Map<string, SiteFile> {
  const entries = existsSync(siteDir) ? readdirSync(siteDir, { recursive: true, withFileTypes: true }) : [];
  const contents = new Map<string, Uint8Array>();
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    contents.set(`/${relative(siteDir, file).split(sep).join("/")}`, readFileSync(file));
  }
  const files = new Map<string, SiteFile>();
  for (const [path, bytes] of contents) {
    const contentType = CONTENT_TYPES[extname(path)];
    if (!contentType) continue;
    const variants = CODINGS.flatMap(({ coding, ending }) => {
      const compressed = contents.get(path + ending);
      return compressed ? [{ coding, bytes: compressed }] : [];
    });
    const etag = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
    files.set(path, { bytes, etag, contentType, variants });
  }
  return files;
}

function replyOfFile(file: SiteFile, request: Omit<HttpRequest, "body">, isHashed: boolean): HttpReply {
  const accepted = request.header("accept-encoding") ?? "";
  const variant = file.variants.find(({ coding }) => takes(accepted, coding));
  // A variant is another representation, and has a tag of its own.
  const etag = `"${file.etag}${variant ? `-${variant.coding}` : ""}"`;
  const headers = {
    "content-type": file.contentType,
    "cache-control": isHashed ? "public, max-age=31536000, immutable" : "no-cache",
    etag,
    ...(file.variants.length > 0 ? { vary: "accept-encoding" } : {}),
    ...(variant ? { "content-encoding": variant.coding } : {}),
  };
  const known = request.header("if-none-match")?.split(/\s*,\s*/) ?? [];
  if (known.includes(etag)) return { status: 304, headers };
  return { status: 200, headers, body: variant?.bytes ?? file.bytes };
}

/** RFC 9110, 12.5.3: a coding is refused by `q=0`, however that is written. */
function takes(acceptEncoding: string, coding: string): boolean {
  return acceptEncoding.split(",").some((part) => {
    const [name, ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
