import { connect, type Socket } from "node:net";

/** A bare connection to the gateway, from an address that is not the honest visitors' where the system has several on loopback. */
export class RudeConnection {
  readonly host: string;
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #isClosed = false;

  constructor(url: string) {
    const { hostname, port, host } = new URL(url);
    this.host = host;
    this.#socket = connect({
      host: hostname,
      port: Number(port),
      // All of 127.0.0.0/8 is loopback on Linux.
      ...(process.platform === "linux" ? { localAddress: "127.0.0.2" } : {}),
    });
    // Where the gateway has closed its half, this client still decides when to close its own.
    this.#socket.allowHalfOpen = true;
    this.#socket.on("error", () => {});
    this.#closed = new Promise((resolve) =>
      this.#socket.once("close", () => {
        this.#isClosed = true;
        resolve();
      }),
    );
    this.read();
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.#socket.writable;
  }

  get closed(): Promise<void> {
    return this.#closed;
  }

  /** Reads what comes and drops it. */
  read(): void {
    this.#socket.resume();
  }

  /** From now on nothing is read. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Resolves when the system has taken the bytes, or the connection is gone. */
  write(bytes: string | Uint8Array): Promise<void> {
    if (!this.isOpen) return Promise.resolve();
    const isTaken = new Promise<void>((resolve) => this.#socket.write(bytes, () => resolve()));
    return Promise.race([isTaken, this.#closed]);
  }

  /** No more will be written; the answer is still read. */
  halfClose(): void {
    this.#socket.end();
  }

  /** Ends the connection with a reset. */
  reset(): void {
    if (!this.#isClosed) this.#socket.resetAndDestroy();
  }
}
