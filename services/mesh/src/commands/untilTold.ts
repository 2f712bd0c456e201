/** A second signal that comes sooner is npm's or the terminal's echo of the first. */
const IMPATIENT_AFTER_MS = 1_000;

/** From now on SIGINT, SIGTERM and SIGHUP are requests. */
export function untilTold(stopping: AbortController): { told: Promise<undefined>; impatient: Promise<void> } {
  let toldAtMs: number | undefined;
  let hurry: () => void;
  const impatient = new Promise<void>((resolve) => (hurry = resolve));
  const told = new Promise<undefined>((resolve) => {
    const onSignal = () => {
      if (toldAtMs !== undefined && Date.now() - toldAtMs > IMPATIENT_AFTER_MS) hurry();
      toldAtMs ??= Date.now();
      stopping.abort();
      resolve(undefined);
    };
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  });
  return { told, impatient };
}
