import type { IncomingMessage, ServerResponse } from "node:http";
import type { EventSink, HttpReply } from "./http.js";
import type { RequestBody } from "./requestBody.js";

/** One response of node:http, which outlives its connection: what is written then is dropped. */
export class Exchange {
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #body: RequestBody;
  readonly #onFault: (error: unknown) => void;
  readonly #isLeaving: () => boolean;
  #isWritten = false;

  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    { body, onFault, isLeaving }: { body: RequestBody; onFault(error: unknown): void; isLeaving(): boolean },
  ) {
    this.#message = message;
    this.#response = response;
    this.#body = body;
    this.#onFault = onFault;
    this.#isLeaving = isLeaving;
  }

  answer(reply: HttpReply): void {
    if (this.#body.endsSoon) this.guard(() => this.#write(reply));
    // What was read together with the head comes right after this.
    else setImmediate(() => this.guard(() => this.#write(reply)));
  }

  bodyIsOver(): void {
    if (this.#isWritten) this.#response.end();
  }

  /** Closes the connection, whatever has gone out. */
  cut(): void {
    this.#message.socket.destroy();
  }

  /** A listener that throws would end the process. */
  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#onFault(error);
      this.cut();
    }
  }

  #write({ status, headers, body = "", stream }: HttpReply): void {
    const response = this.#response;
    if (response.destroyed) return;
    if (this.#isLeaving() || !this.#body.endsSoon) response.setHeader("connection", "close");
    if (stream && this.#message.method !== "HEAD") {
      response.writeHead(status, headers);
      response.flushHeaders();
      stream(this.#sink());
      return;
    }
    response.writeHead(status, { ...headers, "content-length": String(Buffer.byteLength(body)) });
    if (this.#body.isOver) {
      response.end(this.#message.method === "HEAD" ? undefined : body);
      return;
    }
    // Ended, a connection that is not kept would be closed with bytes unread, which takes the answer away from a slow reader.
    this.#isWritten = true;
    response.flushHeaders();
    if (this.#message.method !== "HEAD" && body.length > 0) response.write(body);
  }

  #sink(): EventSink {
    const response = this.#response;
    const guard = (work: () => void) => {
      try {
        work();
      } catch (error) {
        this.#onFault(error);
      }
    };
    return {
      // It corks its socket until the end of the tick. Its own cork() loses what is written before an end() (Node 24.21).
      cork: (work) => work(),
      send: (text) => !this.#isWritten && !response.destroyed && response.write(text),
      onDrain: (listener) => void response.on("drain", () => guard(listener)),
      onClose: (listener) => void response.once("close", () => guard(listener)),
      end: () => {
        this.#isWritten = true;
        if (this.#body.isOver) response.end();
      },
    };
  }
}
