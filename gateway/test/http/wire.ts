import { connect, type Socket } from "node:net";

export interface Answer {
  status: number;
  headers: ReadonlyMap<string, string>;
  body: string;
}

/** One connection: bytes out, answers in. */
export class Wire {
  readonly #socket: Socket;
  #got = Buffer.alloc(0);
  #look = () => {};
  #isClosed = false;
  /** Resolves when the server has closed it, or it was cut. */
  readonly closed: Promise<void>;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("error", () => {});
    this.#socket.on("data", (chunk) => {
      this.#got = Buffer.concat([this.#got, chunk]);
      this.#look();
    });
    this.closed = new Promise((resolve) => {
      const close = () => {
        this.#isClosed = true;
        this.#look();
        resolve();
      };
      this.#socket.once("end", close).once("close", close);
    });
  }

  get isClosed(): boolean {
    return this.#isClosed || this.#socket.destroyed;
  }

  /** Resolves when the bytes are out, or never will be. */
  async write(data: string | Uint8Array): Promise<void> {
    if (this.isClosed) return;
    await new Promise<void>((resolve) => {
      this.#socket.write(data, () => resolve());
      void this.closed.then(resolve);
    });
  }

  /** Everything that has come and was taken by no answer. */
  get rest(): string {
    return this.#got.toString("latin1");
  }

  /** The next answer to a request of this method; undefined if the connection ends before it is whole. */
  answer(method = "GET"): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        try {
          const answer = this.#take(method);
          if (answer || this.isClosed) resolve(answer);
        } catch (error) {
          reject(error as Error);
        }
      };
      this.#look();
    });
  }

  /** Ends it as a client does that crashes. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(method: string): Answer | undefined {
    const headEnd = this.#got.indexOf("\r\n\r\n");
    if (headEnd < 0) return undefined;
    const [first = "", ...lines] = this.#got.toString("latin1", 0, headEnd).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
    const headers = new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(":")).toLowerCase(),
        line.slice(line.indexOf(":") + 1).trim(),
      ]),
    );
    const from = headEnd + 4;
    if (status === 100) {
      this.#got = this.#got.subarray(from);
      return this.#take(method);
    }
    const length = headers.get("content-length");
    const isEmpty = method === "HEAD" || status === 304;
    const body = isEmpty
      ? { text: "", end: from }
      : length !== undefined
        ? this.#fixed(from, Number(length))
        : headers.get("transfer-encoding") === "chunked"
          ? this.#chunked(from)
          : this.isClosed
            ? this.#fixed(from, this.#got.length - from)
            : undefined;
    if (!body) return undefined;
    this.#got = this.#got.subarray(body.end);
    return { status, headers, body: body.text };
  }

  #fixed(from: number, length: number): { text: string; end: number } | undefined {
    const end = from + length;
    return this.#got.length < end ? undefined : { text: this.#got.toString("latin1", from, end), end };
  }

  #chunked(from: number): { text: string; end: number } | undefined {
    let text = "";
    for (let at = from; ;) {
      const lineEnd = this.#got.indexOf("\r\n", at);
      if (lineEnd < 0) return undefined;
      if (!/^[\da-f]+$/i.test(this.#got.toString("latin1", at, lineEnd))) throw new Error("this is no chunk");
      const size = Number.parseInt(this.#got.toString("latin1", at, lineEnd), 16);
      const end = lineEnd + 2 + size;
      if (this.#got.length < end + 2) return undefined;
      if (size === 0) return { text, end: end + 2 };
      text += this.#got.toString("latin1", lineEnd + 2, end);
      at = end + 2;
    }
  }
}
