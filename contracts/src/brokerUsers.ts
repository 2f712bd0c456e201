import { ANALYZER_BUCKET, ANALYZER_STREAM, announcementSubject } from "./analyzers.js";
import { CORE_STAGES, isCoreStage, isGalleryStage, rowOf, type CoreStage, type StageName } from "./stages.js";
import {
  BLOB_STREAMS,
  GALLERY_BUCKET,
  GALLERY_STREAM,
  KEY_BUCKET,
  KEY_STREAM,
  PROBE_STREAM,
  STREAM_NAMES,
  consumer,
  deletionConsumer,
} from "./streams.js";
import {
  BLOB_PREFIX,
  GALLERY_PREFIX,
  LIVE_PREFIX,
  PROBE_SUBJECT,
  PROVISION_PREFIX,
  RESULT_PREFIX,
  DELETION_PREFIX,
  provisionSubject,
  workFilter,
} from "./subjects.js";

/**
 * Who may publish and subscribe to what at the broker: a user for every program, and for every analyzer one of its own name. Whoever
 * breaks into a stage has that stage's work and answers, but not the gallery, the answers of other stages or the streams themselves.
 */
export const BROKER_PROGRAMS = ["provision", "gateway", "extract", "embed", "match"] as const;
type BrokerProgram = (typeof BROKER_PROGRAMS)[number];
/** A program, or an analyzer. */
export type BrokerUser = StageName;

/** In the place of a name: any analyzer, for a process that serves every one that it finds. */
export const ANY_ANALYZER = "*";

/** Subjects, in the broker's own words. What is not named is forbidden. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Whether it answers requests, on whatever subject the answer is wanted. */
  readonly allowResponses: boolean;
}

/** Answers to a user's own requests come on subjects under this one, to which nobody else may subscribe. */
export const inboxPrefixOf = (user: string): string => `_INBOX_${user}`;

const API = "$JS.API";
const { images, faces, embeddings, results, deletions } = STREAM_NAMES;
const WORK_STREAMS = [images, faces, embeddings];

export function permissionsOf(user: BrokerUser): Permissions {
  const { publish, subscribe = [] } = isProgram(user) ? OF_PROGRAM[user] : analyzer(user);
  return {
    publish: [`${API}.INFO`, PROBE_SUBJECT, ...publish],
    subscribe: [`${inboxPrefixOf(user)}.>`, ...subscribe],
    // To questions about the gallery, and to analyzers that need their consumer.
    allowResponses: user === "match" || user === "provision",
  };
}

/** Of a process that does the work of several programs. */
export function permissionsOfAll(user: string, programs: readonly BrokerUser[]): Permissions {
  const each = programs.map((program) => ({ program, ...permissionsOf(program) }));
  const subjects = each.flatMap(({ program, subscribe }) =>
    subscribe.filter((subject) => subject !== `${inboxPrefixOf(program)}.>`),
  );
  return {
    publish: [...new Set(each.flatMap(({ publish }) => publish))],
    subscribe: [`${inboxPrefixOf(user)}.>`, ...new Set(subjects)],
    allowResponses: each.some(({ allowResponses }) => allowResponses),
  };
}

const isProgram = (user: BrokerUser): user is BrokerProgram =>
  (BROKER_PROGRAMS as readonly string[]).includes(user);

interface Rights {
  publish: readonly string[];
  subscribe?: readonly string[];
}

/** @throws TypeError for a stage that runs in another's program */
function analyzer(name: StageName): Rights {
  if (isCoreStage(name)) throw new TypeError(`${name} is no analyzer`);
  return {
    publish: [
      ...work(name),
      answers(name),
      // Its announcement, and that it wants a consumer.
      provisionSubject(name),
      announcementSubject(name),
    ],
  };
}

const OF_PROGRAM: Record<BrokerProgram, Rights> = {
  provision: {
    publish: [
      ...[
        ...Object.values(STREAM_NAMES),
        PROBE_STREAM,
        KEY_STREAM,
        ANALYZER_STREAM,
        ...Object.values(BLOB_STREAMS),
      ].flatMap((stream) => [
        `${API}.STREAM.INFO.${stream}`,
        `${API}.STREAM.CREATE.${stream}`,
        `${API}.STREAM.UPDATE.${stream}`,
      ]),
      // Streams of an earlier version are deleted.
      ...[...Object.values(STREAM_NAMES), PROBE_STREAM].map((stream) => `${API}.STREAM.DELETE.${stream}`),
      ...[...WORK_STREAMS, deletions].flatMap((stream) => [
        `${API}.CONSUMER.INFO.${stream}.*`,
        `${API}.CONSUMER.CREATE.${stream}.>`,
        // Of nats-server 2.9's clients.
        `${API}.CONSUMER.DURABLE.CREATE.${stream}.*`,
        `${API}.CONSUMER.LIST.${stream}`,
        `${API}.CONSUMER.DELETE.${stream}.*`,
      ]),
      // The secret of share links, made once.
      `$KV.${KEY_BUCKET}.>`,
      ...reading(KEY_STREAM),
      // Announcements: those of stages that are scaled to zero, and whose lease has lapsed.
      `$KV.${ANALYZER_BUCKET}.>`,
      ...reading(ANALYZER_STREAM),
      ...following(ANALYZER_STREAM),
      `$JS.FC.${ANALYZER_STREAM}.>`,
    ],
    subscribe: [`${PROVISION_PREFIX}.*`],
  },
  gateway: {
    publish: [
      workFilter("image"),
      `${RESULT_PREFIX}.*.accepted`,
      `${RESULT_PREFIX}.*.deleted`,
      `${GALLERY_PREFIX}.*`,
      ...Object.values(STREAM_NAMES).map((stream) => `${API}.STREAM.INFO.${stream}`),
      ...WORK_STREAMS.map((stream) => `${API}.CONSUMER.INFO.${stream}.*`),
      ...reading(results),
      ...following(results),
      ...[...WORK_STREAMS, results].map((stream) => `${API}.STREAM.PURGE.${stream}`),
      `${DELETION_PREFIX}.*`,
      ...consuming(deletionConsumer()),
      ...storing("jobs"),
      ...reading(BLOB_STREAMS.gallery),
      // Keys are made and revoked in its container too (keys/main.ts).
      `$KV.${KEY_BUCKET}.>`,
      ...reading(KEY_STREAM),
      ...following(KEY_STREAM),
      // Flow control of a watched bucket: the broker asks after about every megabyte whether it has arrived.
      `$JS.FC.${KEY_STREAM}.>`,
      // Which analyzers there are.
      ...reading(ANALYZER_STREAM),
      ...following(ANALYZER_STREAM),
      `$JS.FC.${ANALYZER_STREAM}.>`,
    ],
    subscribe: [`${LIVE_PREFIX}.>`],
  },
  extract: {
    publish: [
      ...work("extract"),
      `${RESULT_PREFIX}.*.extract`,
      ...workFrom("extract"),
      // Whether it has answered a photo before.
      `${API}.DIRECT.GET.${results}.${RESULT_PREFIX}.*.extract`,
      ...storing("jobs"),
      `${API}.STREAM.INFO.${BLOB_STREAMS.gallery}`,
    ],
  },
  embed: {
    publish: [...work("embed"), answers("embed"), ...workFrom("embed")],
  },
  match: {
    publish: [
      ...CORE_STAGES.filter(isGalleryStage).flatMap((stage) => [...work(stage), answers(stage)]),
      // How many copies there are of everything.
      `${API}.STREAM.INFO.${results}`,
      ...storing("gallery"),
      `${API}.STREAM.INFO.${BLOB_STREAMS.jobs}`,
      // The record of the gallery, where the broker keeps it.
      `$KV.${GALLERY_BUCKET}.>`,
      ...["INFO", "CREATE", "UPDATE", "MSG.GET", "MSG.DELETE"].map(
        (operation) => `${API}.STREAM.${operation}.${GALLERY_STREAM}`,
      ),
      ...following(GALLERY_STREAM),
    ],
    subscribe: [`${GALLERY_PREFIX}.*`],
  },
};

/** A stage's own consumer. */
function work(stage: StageName): string[] {
  return consuming(consumer(stage));
}

/** A consumer: pulling its messages and acknowledging them. Newer servers name domain and account before the stream. */
function consuming({ stream, durable_name }: { stream: string; durable_name: string }): string[] {
  return [
    `${API}.CONSUMER.INFO.${stream}.${durable_name}`,
    `${API}.CONSUMER.MSG.NEXT.${stream}.${durable_name}`,
    `$JS.ACK.${stream}.${durable_name}.>`,
    `$JS.ACK.*.*.${stream}.${durable_name}.>`,
  ];
}

/** The work that is made of a stage's answers. */
function workFrom(source: CoreStage): string[] {
  const rows = CORE_STAGES.map(rowOf).filter((row) => row.source === source);
  return [...new Set(rows.flatMap(({ work }) => (work ? [workFilter(work)] : [])))];
}

/** A stage's answers to faces. */
function answers(stage: StageName): string {
  return `${RESULT_PREFIX}.*.${stage}.*`;
}

/** Single messages of a stream. */
function reading(stream: string): string[] {
  return [
    `${API}.STREAM.INFO.${stream}`,
    `${API}.STREAM.MSG.GET.${stream}`,
    `${API}.DIRECT.GET.${stream}`,
    `${API}.DIRECT.GET.${stream}.>`,
  ];
}

/** A stream in order, by consumers of one's own. */
function following(stream: string): string[] {
  return [
    `${API}.CONSUMER.CREATE.${stream}`,
    `${API}.CONSUMER.CREATE.${stream}.>`,
    `${API}.CONSUMER.INFO.${stream}.*`,
    `${API}.CONSUMER.MSG.NEXT.${stream}.*`,
    `${API}.CONSUMER.DELETE.${stream}.*`,
  ];
}

/** Pictures, where the broker keeps them. */
function storing(kind: keyof typeof BLOB_STREAMS): string[] {
  const stream = BLOB_STREAMS[kind];
  return [`${BLOB_PREFIX}.${kind}.>`, ...reading(stream), `${API}.STREAM.PURGE.${stream}`];
}
