import { connect, PermissionViolationError, type NatsConnection } from "nats";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ANY_ANALYZER,
  BROKER_PROGRAMS,
  authorizationConfig,
  inboxPrefixOf,
  permissionsOf,
  permissionsOfAll,
  type BrokerUser,
} from "@similarfaces/contracts";
import { startNatsServer, type NatsServer } from "./natsServer.js";

const JOB = "01m8g6qhd3tv7cvr5yb13xr29mgxzvqb5s60";
const API = "$JS.API";
/** One of the pack in use, and one that somebody has brought along. */
const ANALYZERS = ["age", "my-own"];
const STAGES = ["extract", "embed", ...ANALYZERS, "match"];
const USERS: readonly BrokerUser[] = [...BROKER_PROGRAMS, ...ANALYZERS];

/** What may be tried with a program's password, and whom it is allowed. */
const ACTS: [string, "publish" | "subscribe", string, readonly BrokerUser[]][] = [
  ["export the gallery", "publish", "sf.v2.gallery.export", ["gateway"]],
  ["delete a person", "publish", "sf.v2.gallery.delete_identity", ["gateway"]],
  ["answer for the gallery", "subscribe", "sf.v2.gallery.*", ["match"]],
  ["listen to the gallery's changes", "subscribe", "$KV.SF_GALLERY.>", []],
  ["write the gallery's record", "publish", "$KV.SF_GALLERY.face.1", ["match"]],
  ["read the gallery's record", "publish", `${API}.STREAM.MSG.GET.KV_SF_GALLERY`, ["match"]],
  ["follow the gallery's record", "publish", `${API}.CONSUMER.CREATE.KV_SF_GALLERY.x`, ["match"]],
  ["read the gallery's record at a replica", "publish", `${API}.DIRECT.GET.KV_SF_GALLERY`, []],
  ["purge the gallery's record", "publish", `${API}.STREAM.PURGE.KV_SF_GALLERY`, []],
  ["delete the gallery", "publish", `${API}.STREAM.DELETE.KV_SF_GALLERY`, []],
  ["read portraits", "publish", `${API}.STREAM.MSG.GET.SF_BLOBS_GALLERY`, ["gateway", "match"]],
  ["store a portrait", "publish", "sf.v1.blob.gallery.f=jpg.0", ["match"]],
  ["purge portraits", "publish", `${API}.STREAM.PURGE.SF_BLOBS_GALLERY`, ["match"]],
  ["make or revoke a key", "publish", "$KV.SF_KEYS.key.0123456789ab", ["provision", "gateway"]],
  ["listen to new keys", "subscribe", "$KV.SF_KEYS.>", []],
  ["read keys", "publish", `${API}.STREAM.MSG.GET.KV_SF_KEYS`, ["provision", "gateway"]],
  ["read keys at a replica", "publish", `${API}.DIRECT.GET.KV_SF_KEYS`, ["provision", "gateway"]],
  [
    "read the secret of share links",
    "publish",
    `${API}.DIRECT.GET.KV_SF_KEYS.$KV.SF_KEYS.share.secret`,
    ["provision", "gateway"],
  ],
  ["follow keys", "publish", `${API}.CONSUMER.CREATE.KV_SF_KEYS`, ["gateway"]],
  ["follow keys by a named consumer", "publish", `${API}.CONSUMER.CREATE.KV_SF_KEYS.x`, ["gateway"]],
  ["say that keys have arrived", "publish", "$JS.FC.KV_SF_KEYS.x.y", ["gateway"]],
  ["say that results have arrived", "publish", "$JS.FC.SF_RESULTS.x.y", []],
  ["purge the keys", "publish", `${API}.STREAM.PURGE.KV_SF_KEYS`, []],
  ["delete the keys", "publish", `${API}.STREAM.DELETE.KV_SF_KEYS`, []],
  ["change the keys' bucket", "publish", `${API}.STREAM.UPDATE.KV_SF_KEYS`, ["provision"]],
  ["follow announcements", "publish", `${API}.CONSUMER.CREATE.KV_SF_MODELS.x`, ["provision", "gateway"]],
  ["read announcements", "publish", `${API}.STREAM.MSG.GET.KV_SF_MODELS`, ["provision", "gateway"]],
  ["listen to announcements", "subscribe", "$KV.SF_MODELS.>", []],
  ["listen to who wants a consumer", "subscribe", "sf.v2.provision.*", ["provision"]],
  ["purge announcements", "publish", `${API}.STREAM.PURGE.KV_SF_MODELS`, []],
  ["delete the announcements' bucket", "publish", `${API}.STREAM.DELETE.KV_SF_MODELS`, []],
  ["change the announcements' bucket", "publish", `${API}.STREAM.UPDATE.KV_SF_MODELS`, ["provision"]],
  ...ANALYZERS.flatMap((name): [string, "publish", string, readonly BrokerUser[]][] => [
    [`announce ${name}`, "publish", `$KV.SF_MODELS.${name}`, ["provision", name]],
    [`ask for the consumer of ${name}`, "publish", `sf.v2.provision.${name}`, [name]],
  ]),
  ["announce the detector", "publish", "$KV.SF_MODELS.detect", ["provision", "extract"]],
  ["announce the second look", "publish", "$KV.SF_MODELS.refine", ["provision", "extract"]],
  ["announce the embedder", "publish", "$KV.SF_MODELS.embed", ["provision", "embed"]],
  [
    "delete the bucket of announcements of a version before",
    "publish",
    `${API}.STREAM.DELETE.KV_SF_ANALYZERS`,
    ["provision"],
  ],
  ["schedule a later purge", "publish", `sf.v2.deletion.${JOB}`, ["gateway"]],
  ["listen to deletions", "subscribe", "sf.v2.deletion.>", []],
  ["read a deletion", "publish", `${API}.STREAM.MSG.GET.SF_DELETIONS`, []],
  ["read a deletion at a replica", "publish", `${API}.DIRECT.GET.SF_DELETIONS`, []],
  ["take a later purge", "publish", `${API}.CONSUMER.MSG.NEXT.SF_DELETIONS.deletion`, ["gateway"]],
  ["end a later purge", "publish", "$JS.ACK.SF_DELETIONS.deletion.1.1.1.1.0", ["gateway"]],
  ["make a consumer of SF_DELETIONS", "publish", `${API}.CONSUMER.CREATE.SF_DELETIONS.x`, ["provision"]],
  [
    "delete the consumer of SF_DELETIONS",
    "publish",
    `${API}.CONSUMER.DELETE.SF_DELETIONS.deletion`,
    ["provision"],
  ],
  ["read photos", "publish", `${API}.STREAM.MSG.GET.SF_BLOBS_JOBS`, ["gateway", "extract"]],
  ["read results", "publish", `${API}.STREAM.MSG.GET.SF_RESULTS`, ["gateway"]],
  ["read results at a replica", "publish", `${API}.DIRECT.GET.SF_RESULTS`, ["gateway"]],
  ...["embed", "match", ...ANALYZERS].flatMap((stage): typeof ACTS => {
    const answers = `sf.v2.result.${JOB}.${stage}`;
    return [
      [`answer as ${stage} about a face of a split group`, "publish", `${answers}.4.6`, [stage]],
      // Whether a group has been answered.
      [`read ${stage}`, "publish", `${API}.DIRECT.GET.SF_RESULTS.${answers}.4`, ["gateway", stage]],
      [
        `read ${stage} of a split group`,
        "publish",
        `${API}.DIRECT.GET.SF_RESULTS.${answers}.4.6`,
        ["gateway", stage],
      ],
    ];
  }),
  [
    "read boxes",
    "publish",
    `${API}.DIRECT.GET.SF_RESULTS.sf.v2.result.${JOB}.extract`,
    ["gateway", "extract"],
  ],
  ["follow results", "publish", `${API}.CONSUMER.CREATE.SF_RESULTS.x`, ["gateway"]],
  ["watch jobs", "subscribe", "sf.v2.live.>", ["gateway"]],
  ["listen to results", "subscribe", "sf.v2.result.>", []],
  ["listen to work", "subscribe", "sf.v2.work.>", []],
  ["hear everything", "subscribe", ">", []],
  ["hear everybody's answers", "subscribe", "_INBOX.>", []],
  ["accept a photo", "publish", `sf.v2.work.${JOB}.image`, ["gateway"]],
  ["hand faces on", "publish", `sf.v2.work.${JOB}.face.0`, ["extract"]],
  ["hand an embedding on", "publish", `sf.v2.work.${JOB}.embedding.0`, ["embed"]],
  ["enrol a face", "publish", `sf.v2.work.${JOB}.enrol.0`, ["extract", "embed"]],
  ["say that a job was deleted", "publish", `sf.v2.result.${JOB}.deleted`, ["gateway"]],
  ["answer as enrol", "publish", `sf.v2.result.${JOB}.enrol.0`, ["match"]],
  ...STAGES.map((stage): (typeof ACTS)[number] => {
    const subject = `sf.v2.result.${JOB}.${stage}${stage === "extract" ? "" : ".0"}`;
    return [`answer as ${stage}`, "publish", subject, [stage]];
  }),
  ...[
    ["SF_IMAGES", "extract"],
    ["SF_FACES", "age"],
    ["SF_EMBEDDINGS", "match"],
  ].flatMap(([stream = "", stage = ""]): typeof ACTS => [
    [`take the work of ${stage}`, "publish", `${API}.CONSUMER.MSG.NEXT.${stream}.${stage}`, [stage]],
    [`end the work of ${stage}`, "publish", `$JS.ACK.${stream}.${stage}.1.1.1.1.0`, [stage]],
    [`make a consumer of ${stream}`, "publish", `${API}.CONSUMER.CREATE.${stream}.x`, ["provision"]],
    [`delete a consumer of ${stream}`, "publish", `${API}.CONSUMER.DELETE.${stream}.${stage}`, ["provision"]],
  ]),
  ...["SF_IMAGES", "SF_FACES", "SF_EMBEDDINGS", "SF_RESULTS", "SF_DELETIONS"].flatMap(
    (stream): typeof ACTS => [
      [
        `purge ${stream}`,
        "publish",
        `${API}.STREAM.PURGE.${stream}`,
        stream === "SF_DELETIONS" ? [] : ["gateway"],
      ],
      // Of a version before.
      [`delete ${stream}`, "publish", `${API}.STREAM.DELETE.${stream}`, ["provision"]],
      [`delete a message of ${stream}`, "publish", `${API}.STREAM.MSG.DELETE.${stream}`, []],
      [`change ${stream}`, "publish", `${API}.STREAM.UPDATE.${stream}`, ["provision"]],
    ],
  ),
  ["make a stream of one's own", "publish", `${API}.STREAM.CREATE.SPY`, []],
];

describe("the broker's users", () => {
  let server: NatsServer;
  beforeAll(async () => {
    const password = (user: string) => JSON.stringify(`of ${user}`);
    server = await startNatsServer(
      authorizationConfig([
        ...USERS.map((user) => ({ user, password: password(user), permissions: permissionsOf(user) })),
        {
          user: "mesh",
          password: password("mesh"),
          permissions: permissionsOfAll("mesh", [...BROKER_PROGRAMS, ANY_ANALYZER]),
        },
      ]),
    );
  });
  afterAll(() => server?.stop());

  const login = (user: string) =>
    connect({ servers: server.url, user, pass: `of ${user}`, inboxPrefix: inboxPrefixOf(user) });

  it.each(USERS)("%s may do what it needs, and nothing of what is others'", async (user) => {
    const nc = await login(user);
    try {
      const others = [...USERS, "mesh"].filter((each) => each !== user);
      const inboxes = others.map((each): (typeof ACTS)[number] => [
        `hear the answers to ${each}`,
        "subscribe",
        `${inboxPrefixOf(each)}.>`,
        [],
      ]);
      const acts = [...ACTS, ...inboxes];
      const refused = await refusedOf(nc, acts);
      const done = acts.filter(([, , subject]) => !refused.has(subject)).map(([act]) => act);
      expect(done).toEqual(acts.filter(([, , , allowed]) => allowed.includes(user)).map(([act]) => act));
    } finally {
      await nc.close();
    }
  });

  it("the mesh in one process may do what any of them may, and no more", async () => {
    const nc = await login("mesh");
    try {
      const refused = await refusedOf(nc, ACTS);
      const done = ACTS.filter(([, , subject]) => !refused.has(subject)).map(([act]) => act);
      expect(done).toEqual(ACTS.filter(([, , , allowed]) => allowed.length > 0).map(([act]) => act));
    } finally {
      await nc.close();
    }
  });

  it("lets nobody in without a password, or with another's", async () => {
    await expect(connect({ servers: server.url, maxReconnectAttempts: 0 })).rejects.toThrow(/authorization/i);
    const wrong = { servers: server.url, user: "gateway", pass: "of age", maxReconnectAttempts: 0 };
    await expect(connect(wrong)).rejects.toThrow(/authorization/i);
  });
});

/** Tries them all. @returns the subjects that the broker refused */
async function refusedOf(nc: NatsConnection, acts: typeof ACTS): Promise<Set<string>> {
  const refused = new Set<string>();
  void (async () => {
    for await (const status of nc.status()) {
      if (status.type === "error" && status.error instanceof PermissionViolationError)
        refused.add(status.error.subject);
    }
  })();
  for (const [, kind, subject] of acts) {
    if (kind === "publish") nc.publish(subject);
    else nc.subscribe(subject, { callback: () => {} });
  }
  // The broker answers in order: what it holds against any of them has come by now.
  await nc.flush();
  await new Promise((resolve) => setImmediate(resolve));
  return refused;
}
