import { afterEach, beforeEach } from "vitest";
import {
  AnnouncementSchema,
  authorizationConfig,
  create,
  permissionsOf,
  provisionSubject,
  type Announcement,
} from "@similarfaces/contracts";
import { announce, connectBroker, consumersOf, createLog, type Broker } from "@similarfaces/runtime";
import { startNatsServer, type NatsServer } from "../../runtime/test/natsServer.js";
import { startProvision, type Provision, type ProvisionOptions } from "../src/startProvision.js";

/** Long enough for a busy machine to renew within it. */
export const LEASE = { leaseMs: 3_000, renewMs: 500 };
export const log = createLog({ service: "test", level: "silent" });

/** Of the broker: `provision` may do what its user may and no more, the owner everything. The passwords are the users' names. */
const AUTHORIZATION = authorizationConfig([
  { user: "provision", password: "provision", permissions: permissionsOf("provision") },
  { user: "owner", password: "owner" },
]);

export const named = (name: string, order = 0): Announcement => create(AnnouncementSchema, { name, order });

/** A broker of its own for each test of a file, and who provisions on it. */
export interface ProvisionFixture {
  readonly server: NatsServer;
  /** Of `provision`, and of everybody else. */
  readonly broker: Broker;
  readonly other: Broker;
  /** Once more, to be closed by who asked for it. */
  connect(user: "provision" | "owner"): Promise<Broker>;
  /** What is to be done when the test is over, before the broker goes. */
  atEnd(end: () => unknown): void;
  begin(options?: Partial<ProvisionOptions>): Promise<Provision>;
  /** An analyzer that lives until it leaves. @returns what makes it leave */
  analyzer(announcement: Announcement, renewMs?: number): Promise<() => void>;
  /** What `provision` answers whoever wants a consumer of this name. */
  ask(name: string): Promise<string>;
  /** By name. */
  consumersOf(stream: string): Promise<string[]>;
  messagesIn(stream: string): Promise<number>;
}

export function provisionFixture(): ProvisionFixture {
  let server: NatsServer;
  let broker: Broker;
  let other: Broker;
  let ends: (() => unknown)[] = [];
  const connect = (user: string) => connectBroker({ url: server.url, name: user, user, password: user });
  beforeEach(async () => {
    server = await startNatsServer(AUTHORIZATION);
    broker = await connect("provision");
    other = await connect("owner");
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    await broker?.close();
    await other?.close();
    await server?.stop();
  });
  return {
    get server() {
      return server;
    },
    get broker() {
      return broker;
    },
    get other() {
      return other;
    },
    connect,
    atEnd: (end) => void ends.push(end),
    async begin(options = {}) {
      const provision = await startProvision({
        broker,
        log,
        signal: new AbortController().signal,
        replicas: 1,
        jobTtlMs: 600_000,
        stages: ["extract", "embed"],
        standing: [],
        ...LEASE,
        ...options,
      });
      ends.push(() => provision.close());
      return provision;
    },
    async analyzer(announcement, renewMs = LEASE.renewMs) {
      const { close } = await announce(other, announcement, { log, ...LEASE, renewMs });
      ends.push(close);
      return close;
    },
    ask: async (name) => (await other.nc.request(provisionSubject(name), "", { timeout: 5_000 })).string(),
    async consumersOf(stream) {
      return (await consumersOf(other, stream)).map(({ name }) => name).sort();
    },
    messagesIn: async (stream) => (await other.jsm.streams.info(stream)).state.messages,
  };
}
