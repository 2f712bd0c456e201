import type { About, Analyzers, Status } from "@similarfaces/contracts/api";
import { Connection, type GatewayOptions } from "./connection.js";
import { Gallery } from "./gallery.js";
import { Jobs } from "./jobs.js";

/** A gateway over its public HTTP API, contracts/openapi.yaml. Whatever it refuses throws GatewayFailure. */
export class Gateway {
  readonly jobs: Jobs;
  readonly gallery: Gallery;
  readonly #connection: Connection;

  constructor(options: GatewayOptions) {
    this.#connection = new Connection(options);
    this.jobs = new Jobs(this.#connection);
    this.gallery = new Gallery(this.#connection, this.jobs);
  }

  about(): Promise<About> {
    return this.#connection.read((api) => api.GET("/v1/about"));
  }

  /** Those that have announced themselves, and `quality`, in the order in which they are shown. */
  async analyzers(): Promise<Analyzers["analyzers"]> {
    const { analyzers } = await this.#connection.read((api) => api.GET("/v1/analyzers"));
    return analyzers;
  }

  status(): Promise<Status> {
    return this.#connection.read((api) => api.GET("/v1/status"));
  }

  /** Whether there is anything that answers, asked once. */
  isAlive(): Promise<boolean> {
    return this.#isOk("/healthz");
  }

  /** Whether it wants traffic, asked once. */
  isReady(): Promise<boolean> {
    return this.#isOk("/readyz");
  }

  async #isOk(path: "/healthz" | "/readyz"): Promise<boolean> {
    return this.#connection
      .once((api) => api.GET(path, { parseAs: "text" }), true)
      .then(
        () => true,
        () => false,
      );
  }
}
