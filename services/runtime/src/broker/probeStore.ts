import { PROBE_SUBJECT } from "@similarfaces/contracts";
import type { Outbox } from "./outbox.js";
import type { StoreHealth } from "./storeHealth.js";

/** How often a probe is stored: while there is no fault, so that an idle service notices one too, and after a refusal. */
const PROBE_EVERY_MS = 10_000;
const PROBE_AGAIN_MS = 1_000;

/** Stores a small probe periodically, and after a refusal one as large as what was refused, until it is stored. @returns what ends it */
export function probeStore(broker: { outbox: Outbox; store: StoreHealth; connected(): boolean }): () => void {
  const { outbox, store } = broker;
  let waiting: NodeJS.Timeout | undefined;
  let ended = false;
  const wait = () => {
    clearTimeout(waiting);
    if (ended) return;
    const pauseMs = store.fault() === undefined ? PROBE_EVERY_MS : PROBE_AGAIN_MS;
    waiting = setTimeout(() => void probe(), pauseMs).unref();
  };
  const probe = async () => {
    try {
      if (broker.connected()) await outbox.store(PROBE_SUBJECT, new Uint8Array(store.probeBytes));
    } catch {
      // The outbox has notified `store` of it.
    }
    wait();
  };
  store.onChange(wait);
  wait();
  return () => {
    ended = true;
    clearTimeout(waiting);
  };
}
