import { TimeoutError, type NatsConnection } from "nats";

/** Asks the broker something that may be asked twice. */
export type Ask = <T>(question: () => Promise<T>) => Promise<T>;

export interface Asking {
  ask: Ask;
  /** The broker is back: what was asked when it was lost will never be answered, and is asked again, with what has come up since. */
  askAgain(): void;
}

/** A question waits for a connection this long; beyond that whoever asked should know that there is none. */
const AWAY_MAX_MS = 10_000;

/** @param isConnected false from losing the connection to `askAgain` */
export function openAsking(nc: NatsConnection, isConnected: () => boolean): Asking {
  const open = new Set<{ ask(): void; giveUp(fault: Error): void }>();
  void nc
    .closed()
    .then(() =>
      open.forEach((question) => question.giveUp(new Error("the connection to the broker is closed"))),
    );
  return {
    ask: <T>(question: () => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        let times = 0;
        let waiting: NodeJS.Timeout | undefined;
        const end = (how: () => void) => {
          clearTimeout(waiting);
          open.delete(asked);
          how();
        };
        const waitForReturn = (fault: Error) => {
          waiting = setTimeout(() => asked.giveUp(fault), AWAY_MAX_MS);
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
                const isLost = error instanceof TimeoutError && !isConnected() && !nc.isClosed();
                if (isLost) waitForReturn(error);
                else asked.giveUp(error);
              },
            );
          },
          giveUp: (fault: Error) => end(() => reject(fault)),
        };
        open.add(asked);
        // The client would keep it and send it before anybody has looked at the broker that came back.
        if (isConnected() || nc.isClosed()) asked.ask();
        else waitForReturn(new Error("the broker is away"));
      }),
    askAgain: () => open.forEach((question) => question.ask()),
  };
}
