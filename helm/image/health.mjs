// The image's health check: asks the process at its own address. Kubernetes asks for itself and does not use this.
const { HEALTH_PORT, PORT } = process.env;
const answers = [HEALTH_PORT, PORT].filter(Boolean).map(async (port) => {
  const { ok } = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(3_000) });
  if (!ok) throw new Error("not healthy");
});
await Promise.any(answers);
