import type { Scope } from "../keys/scopes.js";
import { networkOf } from "./clientAddress.js";

/** Who sent a request, and what it may do. */
export interface Caller {
  /** Of the key that the request has; undefined without one. */
  readonly keyId: string | undefined;
  /** As text; behind trusted proxies the one that they name. */
  readonly address: string;
  readonly scopes: ReadonlySet<Scope>;
  /**
   * Whether a job of that owner may be read. One without an owner may be read by everybody who has its id; another by its owner, while that
   * key is not revoked, or with the token of a share link, by default the request's own.
   */
  mayRead(jobId: string, owner: string | undefined, share?: string): boolean;
  /** As `mayRead`, but not with a token. */
  mayDelete(jobId: string, owner: string | undefined): boolean;
  /** The token that shows the job to others, where it is this caller's own. */
  shareToken(jobId: string, owner: string | undefined): string | undefined;
}

/** Who may read a job: a caller, or the gateway itself. */
export type Reader = Pick<Caller, "mayRead">;

/** For the gateway itself, which follows every job. */
export const GATEWAY: Reader = { mayRead: () => true };

/** The client that has a share of the queue: a key, wherever it is used, else an address. */
export function clientOf({ keyId, address }: Pick<Caller, "keyId" | "address">): string {
  return keyId === undefined ? `address ${networkOf(address)}` : `key ${keyId}`;
}
