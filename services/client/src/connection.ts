import createClient, { type Client } from "openapi-fetch";
import type { paths } from "@similarfaces/contracts/api";
import { GatewayFailure, failureOfAnswer, failureOfConnection, isOfConnection } from "./gatewayFailure.js";
import { Patience } from "./patience.js";

export interface GatewayOptions {
  url: string;
  apiKey?: string | undefined;
  /** How long a gateway that is away, restarting or full is asked again, in milliseconds; 0 is never. 60,000 unless given. */
  patienceMs?: number | undefined;
  /** Ends every request and every wait; what is under way throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Sent with every request, for instance `traceparent`. */
  headers?: Readonly<Record<string, string>>;
}

/** Requests by path and method, typed by openapi.yaml. */
export type Api = Client<paths, "application/json">;

/** What openapi-fetch resolves to: data of a success, else an error. */
interface Reply<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

export type Ask<T> = (api: Api) => Promise<Reply<T>>;

export interface Answer<T> {
  data: T;
  response: Response;
}

const PATIENCE_MS = 60_000;

/** Requests to one gateway with one key, repeated for as long as `patienceMs` allows. */
export class Connection {
  readonly patienceMs: number;
  readonly signal: AbortSignal | undefined;
  readonly #url: string;
  readonly #api: Api;

  constructor({ url, apiKey, patienceMs = PATIENCE_MS, signal, headers = {} }: GatewayOptions) {
    this.#url = url;
    this.patienceMs = patienceMs;
    this.signal = signal;
    this.#api = createClient<paths, "application/json">({
      baseUrl: new URL(url).href,
      headers: { ...headers, ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
      ...(signal ? { signal } : {}),
    });
  }

  /** A request without side effects: sent again after a cut connection. @throws GatewayFailure */
  async read<T>(ask: Ask<T>): Promise<T> {
    return (await this.#patiently(ask, true)).data;
  }

  /** A request with side effects: not sent again after a cut connection, since it may have been carried out. @throws GatewayFailure */
  async change<T>(ask: Ask<T>): Promise<T> {
    return (await this.changed(ask)).data;
  }

  /** Likewise, with the whole answer. @throws GatewayFailure */
  changed<T>(ask: Ask<T>): Promise<Answer<T>> {
    return this.#patiently(ask, false);
  }

  /** One attempt. @throws GatewayFailure, retryable where it was cut off and `isRepeatable` */
  async once<T>(ask: Ask<T>, isRepeatable: boolean): Promise<Answer<T>> {
    let reply: Reply<T>;
    try {
      reply = await ask(this.#api);
    } catch (cause) {
      throw this.failureOf(cause, isRepeatable);
    }
    const { data, error, response } = reply;
    if (!response.ok) throw failureOfAnswer(response, error);
    return { data: data as T, response };
  }

  /** An error of a request as the caller gets it. @throws the signal's reason where that aborted it, and errors that are not the gateway's or the connection's */
  failureOf(error: unknown, isRepeatable: boolean): GatewayFailure {
    this.signal?.throwIfAborted();
    if (error instanceof GatewayFailure) return error;
    if (isOfConnection(error)) return failureOfConnection(this.#url, isRepeatable, error);
    throw error;
  }

  async #patiently<T>(ask: Ask<T>, isRepeatable: boolean): Promise<Answer<T>> {
    const patience = new Patience(this.patienceMs, this.signal);
    for (;;) {
      try {
        return await this.once(ask, isRepeatable);
      } catch (error) {
        if (!(error instanceof GatewayFailure)) throw error;
        await patience.wait(error);
      }
    }
  }
}
