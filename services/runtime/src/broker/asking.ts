import { TimeoutError, type NatsConnection } from "nats";

/** Asks the broker something that may be asked twice. */
export type Ask = <T>(question: () => Promise<T>) => Promise<T>;

export interface Asking {
  ask: Ask;
  /** The connection is back: what was under way when it was lost will never be answered, and is asked again. */
  askAgain(): void;
}

/** A question waits for a connection this long; beyond that whoever asked should know that there is none. */
const AWAY_MAX_MS = 10_000;

/** @param isConnected false from losing the connection to having it back */
export function openAsking(nc: NatsConnection, isConnected: () => boolean): Asking {
  const open = new Set<{ ask(): void; giveUp(): void }>();
  void nc.closed().then(() => open.forEach((question) => question.giveUp()));
  return {
    ask: <T>(question: () => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        let times = 0;
        let waiting: NodeJS.Timeout | undefined;
        let fault: Error = new Error("the connection to the broker is closed");
        const end = (how: () => void) => {
          clearTimeout(waiting);
          open.delete(asked);
          how();
        };
        const asked = {
          ask() {
            const time = ++times;
            clearTimeout(waiting);
            question().then(
              (answer) => end(() => resolve(answer)),
              (error: Error) => {
                // It has been asked again since.
                if (time !== times) return;
                fault = error;
                const isLost = error instanceof TimeoutError && !isConnected() && !nc.isClosed();
                if (isLost) waiting = setTimeout(asked.giveUp, AWAY_MAX_MS);
                else asked.giveUp();
              },
            );
          },
          giveUp: () => end(() => reject(fault)),
        };
        open.add(asked);
        asked.ask();
      }),
    askAgain: () => open.forEach((question) => question.ask()),
  };
}
