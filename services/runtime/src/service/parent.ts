/** Where a service is reached, and which HTTP server serves there. */
export interface Address {
  url: string;
  driver: string;
}

/** Where gateway and mesh serve health and metrics: by custom an OpenTelemetry exporter's port for Prometheus. */
export const USUAL_HEALTH_PORT = 9464;

/** The message that a service sends its parent process over Node's channel when it is ready. */
export interface ReadyNotice {
  /** The service's name: it takes work now. */
  ready: string;
  natsServer: string;
  address?: Address;
  metricsUrl: string;
}

/** Sends it to the parent process, where that opened a channel; on a cluster there is none. */
export function notifyParent(notice: ReadyNotice): void {
  // The error of a parent that has just died is ignored here; whenParentIsGone acts on it.
  process.send?.(notice, undefined, undefined, () => {});
}

/** A service that lost its supervisor drains: the next start would begin a second one on the same port. */
export function whenParentIsGone(listener: () => void): void {
  if (process.connected) process.once("disconnect", listener);
}
