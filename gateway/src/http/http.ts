/**
 * The little that the gateway needs of an HTTP server. Implementations: uws.ts, node.ts; no other file knows a server
 * library.
 */
export interface HttpServer {
  /** What serves, for the line at start. */
  readonly description: string;
  readonly port: number;
  /** Ends streams and sockets first, then stops listening. May be called twice. */
  close(): Promise<void>;
}

export interface HttpOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Larger bodies are read to their end, dropped, and refused by `body()`. */
  bodyBytesMax: number;
  /** Never rejects. HEAD arrives as GET; the server leaves the body out. */
  handle(request: HttpRequest): Promise<HttpReply>;
  live: LiveOptions;
}

export interface HttpRequest {
  /** Upper case. */
  readonly method: string;
  /** Decoded by nobody yet, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** As text, "127.0.0.1" or "::1". */
  readonly remoteAddress: string;
  /** By lower-case name. */
  header(name: string): string | undefined;
  /** The whole body. @throws StageFailure body_too_large */
  body(): Promise<Uint8Array>;
}

export interface HttpReply {
  status: number;
  headers: Record<string, string>;
  /** Nothing, everything at once, or a stream of events. */
  body?: Uint8Array | string;
  stream?: (sink: EventSink) => void;
}

/** An open response that gets text until either side ends it. */
export interface EventSink {
  /** Calls back at once; what is sent meanwhile goes out in one write. */
  cork(work: () => void): void;
  /** False if the client reads too slowly: what was given is kept, more should wait for `onDrain`. */
  send(text: string): boolean;
  onDrain(listener: () => void): void;
  /** Called once, whichever side ended it. */
  onClose(listener: () => void): void;
  end(): void;
}

export interface LiveOptions {
  path: string;
  /** Decides before the upgrade: a reply refuses it, else what takes the socket once it is open. */
  admit(request: Omit<HttpRequest, "body">): HttpReply | SocketTaker;
  messageBytesMax: number;
}

export type SocketTaker = (socket: LiveSocket) => void;

/** A WebSocket. */
export interface LiveSocket {
  /** As of an event sink, where the server can. */
  cork(work: () => void): void;
  /** False if the client reads too slowly: what was given is kept, more should wait for `onDrain`. */
  send(text: string): boolean;
  onMessage(listener: (text: string) => void): void;
  onDrain(listener: () => void): void;
  onClose(listener: () => void): void;
  close(code: number, reason: string): void;
}

/** A body that was read beyond its limit is dropped up to this, then the connection is closed. */
export const DRAIN_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes a slow viewer may owe before nothing more is given to it. */
export const BACKPRESSURE_BYTES_MAX = 256 * 1024;
/** A socket that has been silent this long, pings included, is closed. */
export const SOCKET_IDLE_SECONDS = 60;

export type Listener = () => void;
