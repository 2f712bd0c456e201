import { JetStreamApiError } from "@nats-io/jetstream";
import { TimeoutError } from "nats";

/** Whether the broker stores messages, by its last answer to any message that was to be stored. */
export interface StoreHealth {
  /** Why it stores nothing, in words; undefined while it does. */
  fault(): string | undefined;
  stored(): void;
  /** A message of that many bytes was refused or not acknowledged, because of the store or for another reason. */
  notStored(error: unknown, bytes: number): void;
  /** Called when the fault begins, changes and ends. */
  onChange(listener: (fault: string | undefined) => void): void;
  /** The size of a probe: that of the largest message refused, so that a stored probe means that there is room for it again. */
  readonly probeBytes: number;
}

const PROBE_BYTES_MIN = 1_024;
/** The broker's code for "not stored"; whether that is a limit of the stream or a fault of the store, only the description tells. */
export const NOT_STORED = 10077;
/** By the server's errors.json: insufficient resources, insufficient storage, JetStream off for the account and for the server. */
const NO_ROOM = new Set([10023, 10047]);
const OFF = new Set([10039, 10076]);

/** @param isSilenceConclusive whether an acknowledgement that did not come was never sent, rather than lost with a connection */
export function openStoreHealth(isSilenceConclusive: () => boolean): StoreHealth {
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
      const reason = reasonOf(error, isSilenceConclusive);
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

/** Undefined for refusals that have nothing to do with the store: a stream's limit, a second result of a field. */
function reasonOf(error: unknown, isSilenceConclusive: () => boolean): string | undefined {
  if (error instanceof JetStreamApiError) {
    const { code, message } = error;
    if (OFF.has(code)) return "the broker's JetStream is off";
    const isOfTheStore = NO_ROOM.has(code) || (code === NOT_STORED && !/^maximum .* exceeded$/.test(message));
    // Of "write /data/jetstream/...: no space left on device" the last part only: this is served on /readyz, which should show no paths.
    return isOfTheStore ? `the broker stores nothing: ${message.split(": ").at(-1)}` : undefined;
  }
  // No stream has this subject, although provisioning made one.
  if (error instanceof Error && error.name === "JetStreamNotEnabled") return "the broker's JetStream is off";
  if (error instanceof TimeoutError && isSilenceConclusive()) return "the broker answers nothing";
  return undefined;
}
