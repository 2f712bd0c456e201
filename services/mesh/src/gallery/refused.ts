import { GatewayFailure } from "@similarfaces/client";
import { StageFailure } from "@similarfaces/contracts";

/** Why a face did not come into the gallery. */
export interface Refused {
  kind: "refused";
  code: string;
  message: string;
  /** It may go well another time. */
  retryable: boolean;
}

export function refusedBy(error: unknown): Refused {
  if (error instanceof GatewayFailure || error instanceof StageFailure)
    return { kind: "refused", code: error.code, message: error.message, retryable: error.retryable };
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "refused", code: "unreadable_file", message, retryable: false };
}
