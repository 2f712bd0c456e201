import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A nats-server that can be kept from starting, as where its disk or its port is missing for a while. */
export interface HeldBroker {
  /** For NATS_SERVER. */
  readonly path: string;
  /** From now on it ends at once when it is started. */
  hold(): void;
  free(): void;
}

/** @param folder where the program and the file that holds it are put */
export function heldBroker(folder: string, natsServer: string): HeldBroker {
  const path = join(folder, "held-nats-server");
  const marker = join(folder, "nats-server-is-held");
  // The process that the supervisor starts becomes the broker, so that its number and its signals are the broker's.
  writeFileSync(path, `#!/bin/sh\n[ -e '${marker}' ] && exit 1\nexec '${natsServer}' "$@"\n`);
  chmodSync(path, 0o755);
  return {
    path,
    hold: () => writeFileSync(marker, ""),
    free: () => {
      if (existsSync(marker)) rmSync(marker);
    },
  };
}
