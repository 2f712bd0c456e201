/** Where a service is reached, and which HTTP server serves there. */
export interface Address {
  url: string;
  driver: string;
}

/** Where gateway and mesh serve health and metrics: by custom an OpenTelemetry exporter's port for Prometheus. */
export const USUAL_HEALTH_PORT = 9464;

/** What a service says over Node's channel to a parent process. */
export interface ReadyNotice {
  /** The service's name: it takes work now. */
  ready: string;
  natsServer: string;
  address?: Address;
  metricsUrl: string;
}

/** Says it to the process that started this one, where that asked to hear; on a cluster nobody did. */
export function tellParent(notice: ReadyNotice): void {
  // A parent that has just died is noticed by whenParentIsGone.
  process.send?.(notice, undefined, undefined, () => {});
}

/** A service that lost its supervisor drains: the next start would begin a second one on the same port. */
export function whenParentIsGone(listener: () => void): void {
  if (process.connected) process.once("disconnect", listener);
}
