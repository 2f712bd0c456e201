/** A second signal that comes sooner is npm's or the terminal's echo of the first. */
const IMPATIENT_AFTER_MS = 1_000;

/** From now on SIGINT, SIGTERM and SIGHUP are requests. */
export function untilSignal(stopping: AbortController): {
  signalled: Promise<undefined>;
  impatient: Promise<void>;
} {
  let signalledAtMs: number | undefined;
  let hurry: () => void;
  const impatient = new Promise<void>((resolve) => (hurry = resolve));
  const signalled = new Promise<undefined>((resolve) => {
    const onSignal = () => {
      if (signalledAtMs !== undefined && Date.now() - signalledAtMs > IMPATIENT_AFTER_MS) hurry();
      signalledAtMs ??= Date.now();
      stopping.abort();
      resolve(undefined);
    };
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
  });
  return { signalled, impatient };
}
