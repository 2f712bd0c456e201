/** Tokens of share links: what shows the jobs of another's key to this page, or those of its own to where no key is sent along. */
const tokens = new Map<string, string>();

/** The job whose link this page was opened by, as a guest of whoever sent it. */
const guestOf = learnShare(location.pathname + location.search);

export const isGuest = (jobId: string): boolean => jobId === guestOf;

/** Takes note of the address of a job's page. @returns the job's id, where the address has a token */
export function learnShare(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const { pathname, searchParams } = new URL(address, location.origin);
  const jobId = /^\/jobs\/([^/]+)$/.exec(pathname)?.[1];
  const token = searchParams.get("share");
  if (jobId === undefined || token === null) return undefined;
  tokens.set(jobId, token);
  return jobId;
}

export const shareOf = (jobId: string): string | undefined => tokens.get(jobId);

/** The address of a job's, or of anything under it, with the token that it takes. */
export function withShare(jobId: string, path: string): string {
  const token = shareOf(jobId);
  if (token === undefined) return path;
  return `${path}${path.includes("?") ? "&" : "?"}share=${encodeURIComponent(token)}`;
}

/** An address that belongs to no job; a guest's request names the job whose token it carries. */
export function asGuest(path: string): string {
  return guestOf === undefined ? path : withShare(guestOf, `${path}?job=${encodeURIComponent(guestOf)}`);
}
