import { readFileSync } from "node:fs";

/** What of a processor decides whether int8 is exact and quick. */
export interface Processor {
  /** Of Node: x64, arm64, ... */
  readonly arch: string;
  /** The instruction that multiplies bytes and adds them up in 32 bits, as the system calls it: VNNI, or arm64's dot product. */
  readonly dotProduct?: string;
}

/** As /proc/cpuinfo names them: `flags` of x86, and `Features` of arm64 (https://docs.kernel.org/arch/arm64/elf_hwcaps.html). */
const DOT_PRODUCTS = {
  x64: ["avx512_vnni", "avx_vnni"],
  arm64: ["asimddp"],
} as const satisfies Record<string, readonly string[]>;

/** This machine's. macOS has no such file; every arm64 processor that it runs on has the dot product (ARMv8.4 and later). */
export function thisProcessor({
  platform,
  arch,
}: Pick<NodeJS.Process, "platform" | "arch"> = process): Processor {
  if (platform === "darwin" && arch === "arm64") return { arch, dotProduct: "asimddp" };
  if (platform !== "linux") return { arch };
  try {
    return processorOf(arch, readFileSync("/proc/cpuinfo", "utf8"));
  } catch {
    // Not mounted: then nobody knows, and float32 is right everywhere.
    return { arch };
  }
}

/** By the text of /proc/cpuinfo: what every processor that it lists has, for a worker may run on any of them. */
export function processorOf(arch: string, cpuinfo: string): Processor {
  if (!isKnown(arch)) return { arch };
  const lists = [...cpuinfo.matchAll(/^(?:flags|Features)\s*:(.*)$/gm)].map(([, list = ""]) =>
    list.split(/\s+/),
  );
  const dotProduct = DOT_PRODUCTS[arch].find(
    (flag) => lists.length > 0 && lists.every((flags) => flags.includes(flag)),
  );
  return dotProduct === undefined ? { arch } : { arch, dotProduct };
}

const isKnown = (arch: string): arch is keyof typeof DOT_PRODUCTS => Object.hasOwn(DOT_PRODUCTS, arch);
