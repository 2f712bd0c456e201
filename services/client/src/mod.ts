export { Gateway } from "./gateway.js";
export type { GatewayOptions } from "./connection.js";
export { GatewayFailure } from "./gatewayFailure.js";
export type { FaceOfJob, Gallery, NewPhoto } from "./gallery.js";
export type { JobMessage, JobQuery, Jobs } from "./jobs.js";
export { readEvents, type StreamEvent } from "./eventStream.js";
