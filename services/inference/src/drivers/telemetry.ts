/**
 * Keeps ONNX Runtime from reporting: since 1.29 it sends what process, graphs and devices it runs to its maker, from Linux and
 * macOS too, and keeps an identifier of the machine under the home folder, unless this variable is set before the process's
 * first session. Set in the main thread: only there does it reach the library.
 */
export function withoutTelemetry(): void {
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
}
