import type { Scope } from "../keys/scopes.js";
import { networkOf } from "./clientAddress.js";

/** Who asks, and what that may do. */
export interface Caller {
  /** Of the key that came along; undefined where none did. */
  readonly keyId: string | undefined;
  /** As text; behind trusted proxies whom they name. */
  readonly address: string;
  readonly scopes: ReadonlySet<Scope>;
  /**
   * Whether a job of that owner may be read: one without an owner by whoever has its id; another by its owner, while that key is
   * not revoked, or with the token of a share link, by default the one that the request has.
   */
  mayRead(jobId: string, owner: string | undefined, share?: string): boolean;
  /** As `mayRead`, and no token will do. */
  mayDelete(jobId: string, owner: string | undefined): boolean;
  /** The token that shows the job to others, where it is this caller's own. */
  shareToken(jobId: string, owner: string | undefined): string | undefined;
}

/** Who may read a job: a caller, or whatever in the gateway follows it. */
export type Reader = Pick<Caller, "mayRead">;

/** The gateway's own eye on a job. */
export const GATEWAY: Reader = { mayRead: () => true };

/** Whom shares are shared out to: a key, wherever it is used, else an address. */
export function clientOf({ keyId, address }: Pick<Caller, "keyId" | "address">): string {
  return keyId === undefined ? `address ${networkOf(address)}` : `key ${keyId}`;
}
