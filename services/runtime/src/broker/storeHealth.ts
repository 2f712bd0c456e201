import { JetStreamApiError } from "@nats-io/jetstream";
import { TimeoutError } from "nats";

/** Whether the broker stores what it is given, by what it said last of anything that was to be stored. */
export interface StoreHealth {
  /** Why it stores nothing, in words; undefined while it does. */
  fault(): string | undefined;
  stored(): void;
  /** A message of that many bytes was not, for a reason of the store or for another one. */
  notStored(error: unknown, bytes: number): void;
  /** Called when the fault begins, changes and ends. */
  onChange(listener: (fault: string | undefined) => void): void;
  /** How much room a probe must find: as much as what was refused. */
  readonly probeBytes: number;
}

const PROBE_BYTES_MIN = 1_024;
/** The broker's code for "not stored", whose reason only the description says: a limit of the stream, or the store. */
export const NOT_STORED = 10077;
/** By the server's errors.json: insufficient resources, insufficient storage, JetStream off for the account and for the server. */
const NO_ROOM = new Set([10023, 10047]);
const OFF = new Set([10039, 10076]);

/** @param hasHeardAll whether an answer that did not come means that the broker gave none */
export function openStoreHealth(hasHeardAll: () => boolean): StoreHealth {
  const listeners: ((fault: string | undefined) => void)[] = [];
  let fault: string | undefined;
  let probeBytes = PROBE_BYTES_MIN;
  const become = (next: string | undefined) => {
    if (next === fault) return;
    fault = next;
    for (const listener of listeners) listener(fault);
  };
  return {
    fault: () => fault,
    stored() {
      if (fault === undefined) return;
      probeBytes = PROBE_BYTES_MIN;
      become(undefined);
    },
    notStored(error, bytes) {
      const reason = reasonOf(error, hasHeardAll);
      if (reason === undefined) return;
      probeBytes = Math.max(probeBytes, bytes);
      become(reason);
    },
    onChange: (listener) => void listeners.push(listener),
    get probeBytes() {
      return probeBytes;
    },
  };
}

/** Of refusals that say nothing of the store (a stream's limit, a second result of a field) undefined. */
function reasonOf(error: unknown, hasHeardAll: () => boolean): string | undefined {
  if (error instanceof JetStreamApiError) {
    const { code, message } = error;
    if (OFF.has(code)) return "the broker's JetStream is off";
    const isOfTheStore = NO_ROOM.has(code) || (code === NOT_STORED && !/^maximum .* exceeded$/.test(message));
    // Of "write /data/jetstream/...: no space left on device" its end: the path is nobody's business.
    return isOfTheStore ? `the broker stores nothing: ${message.split(": ").at(-1)}` : undefined;
  }
  // Nobody takes what streams are there for.
  if (error instanceof Error && error.name === "JetStreamNotEnabled") return "the broker's JetStream is off";
  if (error instanceof TimeoutError && hasHeardAll()) return "the broker answers nothing";
  return undefined;
}
