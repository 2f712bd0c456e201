/**
 * The server's clock as far as this page can know it. Results carry the server's times, and the visitor's clock may be
 * minutes off. What is known is an interval: an answer cannot come before it was made, nor a photo be accepted before it was
 * sent. The clocks are taken to agree as long as that is possible.
 */
export class ServerClock {
  /** Visitor's clock minus server's, milliseconds: at least, at most. */
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;

  /** Something that the server did at `serverMs` is known here at `localMs`. */
  heard(serverMs: number, localMs: number): void {
    this.#most = Math.min(this.#most, localMs - serverMs);
  }

  /** What was asked here at `localMs` was done by the server at `serverMs`. */
  asked(localMs: number, serverMs: number): void {
    this.#least = Math.max(this.#least, localMs - serverMs);
  }

  /** The server's time at a moment of the visitor's clock. */
  at(localMs: number): number {
    const ahead = Math.max(Math.min(0, this.#most), this.#least);
    return localMs - ahead;
  }
}

export const serverClock = new ServerClock();

export const serverNowMs = (): number => serverClock.at(Date.now());
