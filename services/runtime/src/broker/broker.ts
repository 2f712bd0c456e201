import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, createInbox, credsAuthenticator, type NatsConnection } from "nats";
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from "@nats-io/jetstream";
import { StageFailure, inboxPrefixOf } from "@similarfaces/contracts";
import lt from "semver/functions/lt.js";
import { openAsking, type Ask } from "./asking.js";
import { STORED_WITHIN_MS, openOutbox, type Outbox } from "./outbox.js";
import { openStoreHealth, type StoreHealth } from "./storeHealth.js";

/** The oldest nats-server whose JetStream does what the contracts ask for. */
const NATS_SERVER_OLDEST = "2.9.10";

/** The broker beside a service is there within 20 to 50 ms of its start. */
const CONNECT_AGAIN_MS = 25;

/** What is done first at a return of the connection is waited for no longer than this. */
const FIRST_TASKS_MS = 3_000;

export interface Broker {
  readonly nc: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** For messages in great number: results, work, pictures, and acknowledgements of deliveries. */
  readonly outbox: Outbox;
  readonly store: StoreHealth;
  /** For idempotent requests: one whose answer is lost with the connection is sent again when that is back. */
  readonly ask: Ask;
  readonly serverVersion: string;
  /** A new subject for answers. */
  inbox(): string;
  /** Why nothing can be stored there now, in words; undefined while all is well. */
  fault(): string | undefined;
  /** False between losing the connection and having it back, with what is done then first. */
  connected(): boolean;
  /** Called after every return of the connection. @returns what ends that */
  onReconnect(listener: () => void): () => void;
  /**
   * Runs at every return of the connection, before `onReconnect` and before anything is stored, pulled or asked by this process; for a
   * few seconds at most. A failure does not keep the others waiting. @returns what ends that
   */
  firstOnReconnect(task: () => Promise<void>): () => void;
  /** Flushes what is published and closes; may be called twice. */
  close(): Promise<void>;
}

/** Where the broker is and how one is let in: by a credentials file, else a user and password, else a token. */
export interface BrokerAccess {
  /** One address or several, comma-separated. */
  url: string;
  credentialsFile?: string | undefined;
  token?: string | undefined;
  user?: string | undefined;
  password?: string | undefined;
  /** Of the authority that signed the broker's certificate. Where it is given, connections without TLS are refused. */
  caFile?: string | undefined;
}

export interface BrokerOptions extends BrokerAccess {
  /** Shown in the broker's connection list. */
  name: string;
  signal?: AbortSignal;
  /** Called with errors that the broker reports on this connection, for instance a subject that its user may not use. */
  onError?(error: Error): void;
}

/**
 * Connects, waiting for a broker that is not there yet, and reconnects for ever.
 * @throws StageFailure unavailable if the server is too old or has no JetStream, or the signal aborts the wait
 */
export async function connectBroker(options: BrokerOptions): Promise<Broker> {
  const nc = await connectWhenThere(options);
  const serverVersion = nc.info?.version ?? "0.0.0";
  if (lt(serverVersion, NATS_SERVER_OLDEST)) {
    await nc.close();
    throw new StageFailure(
      "unavailable",
      `nats-server ${serverVersion} is too old; ${NATS_SERVER_OLDEST} or later is needed`,
    );
  }
  const js = jetstream(nc, { timeout: 5_000 });
  // Without the account check: right after its start a clustered server has no JetStream leader yet.
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: 5_000 });
  const listeners = new Set<() => void>();
  const firstTasks = new Set<() => Promise<void>>();
  /** Counts losses and returns of the connection. */
  let turns = 0;
  let connected = true;
  let connectedAtMs = Date.now();
  // A message published shortly before the connection was lost may be lost with it: then a missing acknowledgement is no fault of the store.
  const isSilenceConclusive = () => connected && Date.now() - connectedAtMs > STORED_WITHIN_MS;
  const store = openStoreHealth(isSilenceConclusive);
  const asking = openAsking(nc, () => connected);
  const outbox = openOutbox(nc, js, asking.ask, store);
  void (async () => {
    for await (const status of nc.status()) {
      if (status.type === "error") options.onError?.(status.error);
      if (status.type === "disconnect") {
        turns++;
        connected = false;
      }
      if (status.type === "reconnect") void comeBack(++turns);
    }
  })();

  async function comeBack(turn: number): Promise<void> {
    const all = Promise.allSettled([...firstTasks].map((task) => task()));
    if (firstTasks.size > 0) await Promise.race([all, sleep(FIRST_TASKS_MS, undefined, { ref: false })]);
    if (turn !== turns) return;
    connected = true;
    connectedAtMs = Date.now();
    asking.askAgain();
    for (const listener of listeners) listener();
  }

  const isConnected = () => connected && !nc.isClosed();
  return {
    nc,
    js,
    jsm,
    outbox,
    store,
    ask: asking.ask,
    serverVersion,
    inbox: () => createInbox(options.user ? inboxPrefixOf(options.user) : undefined),
    connected: isConnected,
    fault: () => (isConnected() ? store.fault() : "the broker is away"),
    onReconnect(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    firstOnReconnect: (task) => {
      firstTasks.add(task);
      return () => void firstTasks.delete(task);
    },
    close: async () => {
      if (nc.isClosed()) return;
      outbox.flush();
      // drain() waits for the server's answer, which never comes where the server is gone.
      await Promise.race([nc.drain(), new Promise((resolve) => setTimeout(resolve, 2_000).unref())]).catch(
        () => {},
      );
      if (!nc.isClosed()) await nc.close();
    },
  };
}

async function connectWhenThere(options: BrokerOptions): Promise<NatsConnection> {
  const { user, password: pass, token, credentialsFile, caFile } = options;
  const access = {
    ...(credentialsFile ? { authenticator: credsAuthenticator(await readFile(credentialsFile)) } : {}),
    // A user may subscribe to answers under its own prefix only.
    ...(user ? { user, pass: pass ?? "", inboxPrefix: inboxPrefixOf(user) } : {}),
    ...(token ? { token } : {}),
    ...(caFile ? { tls: { caFile } } : {}),
  };
  for (;;) {
    if (options.signal?.aborted)
      throw new StageFailure("unavailable", "stopped while waiting for the broker");
    try {
      return await connect({
        servers: options.url.split(","),
        name: options.name,
        ...access,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 200,
        reconnectJitter: 100,
        pingInterval: 10_000,
        maxPingOut: 2,
        // A stack for every request, kept for the one that fails, costs a millisecond of every photo.
        noAsyncTraces: true,
        timeout: 5_000,
      });
    } catch (error) {
      if (isRefusal(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, CONNECT_AGAIN_MS));
    }
  }
}

/** Wrong credentials: trying again with the same ones does not help. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && /authorization|authentication|user authentication/i.test(error.message);
}
