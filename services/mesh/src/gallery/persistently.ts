import { GatewayFailure } from "@similarfaces/client";

const TRIES_MAX = 4;

/** A job whose time was over, or whose process died, is worth another; the face's own faults are not. */
export async function persistently<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof GatewayFailure) || !error.retryable || tries === TRIES_MAX) throw error;
    }
  }
}
