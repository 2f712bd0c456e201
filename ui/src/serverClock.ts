/**
 * The server's clock as far as this page can know it. Results carry the server's times, and the visitor's clock may be
 * minutes off. What is known is an interval: an answer cannot come before it was made, nor a photo be accepted before it was
 * sent. Where the interval allows it, the clocks count as equal.
 */
export class ServerClock {
  /** Visitor's clock minus server's, milliseconds: at least, at most. */
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;

  /** A result that the server made at `serverMs` came here at `localMs`. */
  received(serverMs: number, localMs: number): void {
    this.#most = Math.min(this.#most, localMs - serverMs);
  }

  /** A photo that was sent here at `localMs` was accepted by the server at `serverMs`. */
  sent(localMs: number, serverMs: number): void {
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
