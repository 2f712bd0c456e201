import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A nats-server that can be kept from starting, as where its disk or its port is gone for a while. */
export interface HeldBroker {
  /** For NATS_SERVER. */
  readonly path: string;
  /** From now on whoever starts it sees it end at once. */
  hold(): void;
  free(): void;
}

/** @param folder holds the program and the sign that it is held */
export function heldBroker(folder: string, natsServer: string): HeldBroker {
  const path = join(folder, "held-nats-server");
  const sign = join(folder, "nats-server-is-held");
  // The process that the supervisor starts becomes the broker, so that its number and its signals are the broker's.
  writeFileSync(path, `#!/bin/sh\n[ -e '${sign}' ] && exit 1\nexec '${natsServer}' "$@"\n`);
  chmodSync(path, 0o755);
  return {
    path,
    hold: () => writeFileSync(sign, ""),
    free: () => {
      if (existsSync(sign)) rmSync(sign);
    },
  };
}
