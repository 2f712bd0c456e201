import { StageFailure } from "@similarfaces/contracts";
import { rawRefusal } from "./refusedFormats.js";

/** Numbers of TIFF 6.0's tags, and of DNG 1.7's. */
const NEW_SUBFILE_TYPE = 254;
const BITS_PER_SAMPLE = 258;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const MAKE = 271;
const SUB_IFDS = 330;
const DNG_VERSION = 50706;

/** Of a sensor: a mosaic, or its pixels before any rendering (DNG 1.7). */
const SENSOR_PHOTOMETRICS = [32803, 34892];
/** Of Sony, Samsung (two), Nikon, Kodak and Pentax, in their own RAW files. */
const SENSOR_COMPRESSIONS = [32767, 32769, 32770, 34713, 65000, 65535];
/** By how the maker's name begins. */
const RAW_KINDS: readonly (readonly [make: RegExp, kind: string])[] = [
  [/^canon/i, "CR2"],
  [/^nikon/i, "NEF"],
  [/^sony/i, "ARW"],
  [/^(pentax|ricoh)/i, "PEF"],
  [/^samsung/i, "SRW"],
  [/^hasselblad/i, "3FR"],
  [/^(phase one|leaf)/i, "IIQ"],
  [/^epson/i, "ERF"],
  [/^(kodak|eastman)/i, "DCR"],
  [/^mamiya/i, "MEF"],
];

/** White and black zero, RGB, palette, CMYK and YCbCr, of any depth. */
const TAKEN_PHOTOMETRICS = [0, 1, 2, 3, 5, 6];
const CIELAB = 8;
const COLOUR_SPACES: Readonly<Record<number, string>> = {
  4: "a mask",
  8: "CIELAB of 8 bits",
  9: "ICCLAB",
  10: "ITULAB",
  32844: "LogL",
  32845: "LogLuv",
};

/**
 * Refuses what is a TIFF by its first bytes and no photo that is taken: RAW photos of many makers, and pictures in other colour spaces.
 * @throws StageFailure unsupported_type
 */
export function checkTiff(bytes: Buffer): void {
  const tags = firstDirectory(bytes);
  const kind = rawKind(bytes, tags);
  if (kind) throw new StageFailure("unsupported_type", rawRefusal(kind));
  const photometric = tags.get(PHOTOMETRIC);
  if (typeof photometric !== "number" || TAKEN_PHOTOMETRICS.includes(photometric)) return;
  // Of 16 and 32 bits libvips reads it; of 8, the usual one, it does not.
  if (photometric === CIELAB && tags.get(BITS_PER_SAMPLE) !== 8) return;
  const space = COLOUR_SPACES[photometric] ?? `of the number ${photometric}`;
  throw new StageFailure(
    "unsupported_type",
    `This colour space is not taken: the TIFF is in ${space}. Export it in sRGB.`,
  );
}

function rawKind(bytes: Buffer, tags: Tags): string | undefined {
  if (tags.has(DNG_VERSION)) return "DNG";
  if (bytes.toString("latin1", 8, 10) === "CR") return "CR2";
  if (bytes.toString("latin1", 8, 12) === "IIII") return "IIQ";
  const has = (tag: number, values: readonly number[]) => values.some((value) => tags.get(tag) === value);
  // The first picture is a small one of a larger, which stands beside.
  const isPreview = (Number(tags.get(NEW_SUBFILE_TYPE) ?? 0) & 1) === 1 && tags.has(SUB_IFDS);
  const isOfSensor = has(PHOTOMETRIC, SENSOR_PHOTOMETRICS) || has(COMPRESSION, SENSOR_COMPRESSIONS);
  if (!isPreview && !isOfSensor) return undefined;
  const make = String(tags.get(MAKE) ?? "");
  return RAW_KINDS.find(([sign]) => sign.test(make))?.[1] ?? "TIFF/EP";
}

type Tags = ReadonlyMap<number, number | string>;

const ENTRY_BYTES = 12;
const MAKE_BYTES_MAX = 32;

/** The first directory's tags, each with its first number, or its text; what lies beyond the file is left out (TIFF 6.0, section 2). */
function firstDirectory(bytes: Buffer): Tags {
  const tags = new Map<number, number | string>();
  const isLittle = bytes[0] === 0x49;
  const short = (at: number) => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const long = (at: number) => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const directory = bytes.length >= 8 ? long(4) : bytes.length;
  const count = directory + 2 <= bytes.length ? short(directory) : 0;
  for (let i = 0; i < count; i++) {
    const at = directory + 2 + i * ENTRY_BYTES;
    if (at + ENTRY_BYTES > bytes.length) break;
    const [tag, type, values] = [short(at), short(at + 2), long(at + 4)];
    const [isText, isShort] = [type === 2, type === 3];
    const size = values * (isText || type === 1 ? 1 : isShort ? 2 : 4);
    const from = size > 4 ? long(at + 8) : at + 8;
    if (from + (isShort ? 2 : 4) > bytes.length) continue;
    if (isText) tags.set(tag, bytes.toString("latin1", from, from + Math.min(values, MAKE_BYTES_MAX)));
    else tags.set(tag, isShort ? short(from) : type === 1 ? bytes[from]! : long(from));
  }
  return tags;
}
