import { benchDriver, type BenchDriverOptions } from "./benchDriver.js";
import { benchImport, type BenchImportOptions, type ImportReport } from "./benchImport.js";
import type { SizeReport } from "./sizeReport.js";

export interface BenchGalleryOptions {
  search: BenchDriverOptions | undefined;
  import: BenchImportOptions | undefined;
}

/** `npm run bench -- gallery`. */
export async function benchGallery(
  options: BenchGalleryOptions,
): Promise<{ sizes: SizeReport[]; import: ImportReport | undefined }> {
  const sizes = options.search ? await benchDriver(options.search) : [];
  return { sizes, import: options.import && (await benchImport(options.import)) };
}
