import { STATUS_CODES } from "node:http";
import type { HttpResponse } from "uWebSockets.js";
import type { EventSink, HttpReply, Listener } from "./http.js";
import type { RequestBody } from "./requestBody.js";

/** An answer up to this goes out before its request is over; a larger one waits, for a client that sends reads little. */
const EARLY_BYTES_MAX = 64 * 1024;
/** uWS collects what is written within a handler up to this; one write beyond it goes out at once. */
const CORK_BYTES = 16 * 1024;

export interface ExchangeOptions {
  /** Of a HEAD. */
  withoutBody: boolean;
  body: RequestBody;
  /** The answer went out, or nobody is there to take it. May be called twice. */
  onAnswered(): void;
  onFault(error: unknown): void;
  /** The connection takes another request after the answer. */
  isKept(): boolean;
}

/**
 * One response. uWS throws at whoever touches a response after it has ended or was aborted, while the request's body may still come:
 * `#res` is there as long as it may be touched, and nobody else has it.
 */
export class Exchange {
  #res: HttpResponse | undefined;
  readonly #options: ExchangeOptions;
  readonly #listeners: Listener[] = [];
  /** A whole answer went out, and the response was left open to be able to close the connection. */
  #isAnsweredEarly = false;
  #onOver: Listener = () => {};

  constructor(res: HttpResponse, options: ExchangeOptions) {
    this.#res = res;
    this.#options = options;
    res.onAborted(() => this.#end());
  }

  /** Called once, when the response has ended, whoever ended it. */
  onClose(listener: Listener): void {
    if (this.#res) this.#listeners.push(listener);
    else this.#call(listener);
  }

  answer(reply: HttpReply): void {
    const { body } = this.#options;
    // The rest of its body is left to uWS.
    if (body.endsSoon && this.#options.isKept()) return this.guard(() => this.#answerWhole(reply));
    // What was read together with the head comes right after this.
    setImmediate(() => {
      if (body.endsSoon) this.guard(() => this.#answerWhole(reply));
      else this.guard(() => this.#answerEarly(reply));
    });
  }

  /** The last byte of the body came. */
  bodyIsOver(): void {
    const onOver = this.#onOver;
    // Not within uWS's handler: what was written there has not gone out.
    if (this.#isAnsweredEarly) setImmediate(() => this.cut());
    else setImmediate(() => this.guard(onOver));
  }

  /** Closes the connection, whatever has gone out. */
  cut(): void {
    this.#res?.close();
  }

  /** What is called by uWS or later may not throw: it would end the process. */
  guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onFault(error);
      this.cut();
    }
  }

  #answerWhole({ status, headers, body = "", stream }: HttpReply): void {
    this.#cork((res) => {
      writeHead(res, status, headers);
      if (this.#options.withoutBody) {
        // Given to endWithoutBody, the length leaves the response pending, and the connection's next request is cut off.
        if (!stream) res.writeHeader("content-length", String(Buffer.byteLength(body)));
        res.endWithoutBody();
        this.#end();
      } else if (stream) {
        this.#options.onAnswered();
        stream(this.#sink());
      } else {
        this.#endWith(bytesOf(body));
      }
    });
  }

  /**
   * While the body still comes. Ended, the response could not be touched any more, nor its connection be closed: so the answer is
   * written as the end of a header, and the response stays pending until the body is over or enough was dropped. Closing at once
   * would reset the connection, and take the answer away from a client that has not read it yet.
   */
  #answerEarly(reply: HttpReply): void {
    const { status, headers, body = "", stream } = reply;
    const { withoutBody } = this.#options;
    const bytes = bytesOf(body);
    if (stream && !withoutBody) return this.#answerWhole(reply);
    if (bytes.length > EARLY_BYTES_MAX) {
      this.#onOver = () => this.#answerWhole(reply);
      return;
    }
    this.#cork((res) => {
      writeHead(res, status, { ...headers, connection: "close" });
      writeRaw(res, bytes.length, withoutBody ? Buffer.alloc(0) : bytes);
      this.#isAnsweredEarly = true;
    });
    this.#options.onAnswered();
  }

  /** A large body goes out as the client takes it. */
  #endWith(body: Uint8Array): void {
    const res = this.#res!;
    // What is beyond this comes again by onWritable; uWS wants the bytes as they were.
    const bytes = body as Uint8Array<ArrayBuffer>;
    if (!this.#options.isKept() && bytes.byteLength <= EARLY_BYTES_MAX) {
      res.end(bytes, true);
      return this.#end();
    }
    const [ok, done] = res.tryEnd(bytes, bytes.byteLength);
    if (done || ok) return this.#end();
    res.onWritable((offset) => {
      if (!this.#res) return true;
      const [sent, all] = res.tryEnd(bytes.subarray(offset), bytes.byteLength);
      if (all) this.#end();
      return sent;
    });
  }

  #sink(): EventSink {
    let onDrain: Listener = () => {};
    let isEnded = false;
    this.#res?.onWritable(() => {
      this.#call(onDrain);
      return true;
    });
    return {
      // Called in each other, the outermost counts.
      cork: (work) => {
        if (this.#res) this.#cork(work);
        else work();
      },
      send: (text) => {
        let ok = false;
        if (!isEnded) this.#cork((res) => void (ok = res.write(text)));
        return ok;
      },
      onDrain: (listener) => void (onDrain = listener),
      onClose: (listener) => this.onClose(listener),
      end: () => {
        isEnded = true;
        const end = () => {
          // Told to close the connection, uWS would write that as a header, between the chunks.
          this.#cork((res) => void res.end());
          this.#end();
        };
        // Ended before its body, the response could not close its connection any more.
        if (this.#options.body.isOver) end();
        else this.#onOver = end;
      },
    };
  }

  /** Nothing is thrown through uWS: what the work throws, this throws after it. */
  #cork(work: (res: HttpResponse) => void): void {
    const res = this.#res;
    if (!res) return;
    let fault: { error: unknown } | undefined;
    res.cork(() => {
      try {
        work(res);
      } catch (error) {
        fault = { error };
      }
    });
    if (fault) throw fault.error;
  }

  #call(listener: Listener): void {
    try {
      listener();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #end(): void {
    if (!this.#res) return;
    this.#res = undefined;
    this.#options.onAnswered();
    for (const listener of this.#listeners) this.#call(listener);
  }
}

/** Answers within uWS's handler, and closes the connection when the answer is sent. */
export function answerAtOnce(res: HttpResponse, { status, headers, body = "" }: HttpReply): void {
  res.onAborted(() => {});
  res.cork(() => {
    writeHead(res, status, headers);
    res.end(body as string, true);
  });
}

/**
 * Answers within uWS's handler of the request and closes the connection, so that nothing that came with it is read as a request.
 * Blanks after the answer are what makes uWS send it before it closes.
 */
export function answerAndClose(res: HttpResponse, { status, headers, body = "" }: HttpReply): void {
  const padded = Buffer.concat([bytesOf(body), Buffer.alloc(CORK_BYTES, " ")]);
  res.onAborted(() => {});
  res.cork(() => {
    writeHead(res, status, { ...headers, connection: "close" });
    writeRaw(res, padded.length, padded);
  });
  res.close();
}

function writeHead(res: HttpResponse, status: number, headers: Readonly<Record<string, string>>): void {
  res.writeStatus(`${status} ${STATUS_CODES[status] ?? ""}`);
  for (const [name, value] of Object.entries(headers)) res.writeHeader(name, value);
}

/** The last header, the blank line and the body, past uWS: it goes on to hold the response for unanswered. */
function writeRaw(res: HttpResponse, length: number, body: Uint8Array): void {
  res.writeHeader("content-length", Buffer.concat([Buffer.from(`${length}\r\n\r\n`), body]));
}

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === "string" ? Buffer.from(body) : body;
}
