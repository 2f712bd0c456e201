/** What the gateway needs of an HTTP server. Implementations: uws.ts, node.ts; no other file knows a server library. */
export interface HttpServer {
  /** What serves, for the line at start. */
  readonly description: string;
  readonly port: number;
  /** From now on a body that is not complete is refused as `unavailable`. */
  refuseBodies(): void;
  /**
   * Answers what is under way, for at most a few seconds; then stops listening and ends streams and sockets. May be called
   * twice.
   */
  close(): Promise<void>;
}

export interface HttpLimits {
  /** Of one body. Larger ones are refused by `body()`. */
  bodyBytesMax: number;
  /** Of all bodies that are held at one time; `body()` refuses what is beyond as `overloaded`. */
  bodiesBytesMax: number;
  /** A body takes at most this long, and brings 16 KiB/s in each window: uWS cuts off what is slower after 8 to 12 s, without an answer. */
  bodyMs: number;
  bodyWindowMs: number;
  /** What comes of a body after the answer is dropped, up to this many bytes and this long; then the connection is closed. */
  drainBytesMax: number;
  drainMs: number;
}

export interface HttpOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  limits: HttpLimits;
  /** HEAD arrives as GET; the server leaves the body out. */
  handle(request: HttpRequest): Promise<HttpReply>;
  /** The reply to a request that is refused before it is handled. */
  refusal(error: unknown): HttpReply;
  /** A bug of ours: its connection is ended, and nothing else. */
  onFault(error: unknown): void;
  /** Bytes of all bodies that are held now. */
  onBodies(heldBytes: number): void;
  live: LiveOptions;
}

export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** Without the query, not yet percent-decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** As text, "127.0.0.1" or "::1". */
  readonly remoteAddress: string;
  /** By lower-case name. */
  header(name: string): string | undefined;
  /** The whole body. @throws StageFailure body_too_large, body_too_slow, overloaded, unavailable, or bad_request if the client is gone */
  body(): Promise<Uint8Array>;
}

export interface HttpReply {
  status: number;
  headers: Record<string, string>;
  /** At most one of the two. */
  body?: Uint8Array | string;
  stream?: (sink: EventSink) => void;
}

/** An open response, to which text is sent until either side ends it. */
export interface EventSink {
  /** Calls `work` at once; what it sends goes out in one write. */
  cork(work: () => void): void;
  /** False if the client reads too slowly: this text is kept, the next should wait for `onDrain`. */
  send(text: string): boolean;
  onDrain(listener: () => void): void;
  /** Called once, whichever side ended it. */
  onClose(listener: () => void): void;
  end(): void;
}

export interface LiveOptions {
  path: string;
  /** Decides before the upgrade: a reply refuses it, a function is called with the socket once it is open. */
  admit(request: Omit<HttpRequest, "body">): HttpReply | SocketHandler;
  messageBytesMax: number;
}

export type SocketHandler = (socket: LiveSocket) => void;

/** A WebSocket. */
export interface LiveSocket {
  /** As of an event sink, where the server can. */
  cork(work: () => void): void;
  /** False if the client reads too slowly: this text is kept, the next should wait for `onDrain`. */
  send(text: string): boolean;
  onMessage(listener: (text: string) => void): void;
  onDrain(listener: () => void): void;
  onClose(listener: () => void): void;
}

/** Bytes that may be buffered for a slow client before `send` returns false. */
export const BACKPRESSURE_BYTES_MAX = 256 * 1024;
/** A socket that has been silent this long, pings included, is closed. */
export const SOCKET_IDLE_SECONDS = 60;

export type Listener = () => void;
