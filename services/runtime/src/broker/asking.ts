import { TimeoutError, type NatsConnection } from "nats";

/** Sends the broker an idempotent request. */
export type Ask = <T>(request: () => Promise<T>) => Promise<T>;

export interface Asking {
  ask: Ask;
  /** The broker is back: requests that were open when the connection was lost are sent again, and those made since are sent. */
  askAgain(): void;
}

/** How long a request waits for a lost connection to come back before it fails. */
const AWAY_MAX_MS = 10_000;

/** @param isConnected false from losing the connection to `askAgain` */
export function openAsking(nc: NatsConnection, isConnected: () => boolean): Asking {
  const open = new Set<{ ask(): void; giveUp(fault: Error): void }>();
  void nc
    .closed()
    .then(() =>
      open.forEach((request) => request.giveUp(new Error("the connection to the broker is closed"))),
    );
  return {
    ask: <T>(request: () => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        let times = 0;
        let waiting: NodeJS.Timeout | undefined;
        const end = (how: () => void) => {
          clearTimeout(waiting);
          open.delete(entry);
          how();
        };
        const waitForReturn = (fault: Error) => {
          waiting = setTimeout(() => entry.giveUp(fault), AWAY_MAX_MS);
        };
        const entry = {
          ask() {
            const time = ++times;
            clearTimeout(waiting);
            request().then(
              (answer) => end(() => resolve(answer)),
              (error: Error) => {
                // It has been sent again since.
                if (time !== times) return;
                const isLost = error instanceof TimeoutError && !isConnected() && !nc.isClosed();
                if (isLost) waitForReturn(error);
                else entry.giveUp(error);
              },
            );
          },
          giveUp: (fault: Error) => end(() => reject(fault)),
        };
        open.add(entry);
        // The client would buffer it and send it as soon as it is connected, before the tasks of `firstOnReconnect`.
        if (isConnected() || nc.isClosed()) entry.ask();
        else waitForReturn(new Error("the broker is away"));
      }),
    askAgain: () => open.forEach((request) => request.ask()),
  };
}
