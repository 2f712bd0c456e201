/** What the page shows at an address of its own. */
export type Place =
  | { page: "analyse"; jobId?: string }
  | { page: "gallery"; identityId?: string }
  | { page: "about" }
  | { page: "engineers" };

/** Every address that the page has. Its router goes by them, and a gateway answers them with the page. */
const ADDRESSES: readonly { pattern: RegExp; placeOf(part: string): Place }[] = [
  { pattern: /^\/$/, placeOf: () => ({ page: "analyse" }) },
  { pattern: /^\/jobs\/([^/]+)\/?$/, placeOf: (jobId) => ({ page: "analyse", jobId }) },
  { pattern: /^\/gallery\/?$/, placeOf: () => ({ page: "gallery" }) },
  { pattern: /^\/gallery\/([^/]+)\/?$/, placeOf: (identityId) => ({ page: "gallery", identityId }) },
  { pattern: /^\/about\/?$/, placeOf: () => ({ page: "about" }) },
  { pattern: /^\/about\/engineers\/?$/, placeOf: () => ({ page: "engineers" }) },
];

/** What the page shows at a path; undefined where it has nothing. */
export function placeAt(path: string): Place | undefined {
  for (const { pattern, placeOf } of ADDRESSES) {
    const match = pattern.exec(path);
    if (match) return placeOf(match[1] ?? "");
  }
  return undefined;
}
