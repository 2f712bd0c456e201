import { MODEL_BUCKET, MODEL_STREAM, RETIRED_STREAM, announcementSubject } from "./announcements.js";
import { API, consuming, following, reading } from "./brokerApi.js";
import {
  CORE_MODELS,
  CORE_STAGES,
  PROGRAM_OF_MODEL,
  isCoreModel,
  isCoreStage,
  isGalleryStage,
  rowOf,
  type CoreStage,
  type StageName,
} from "./stages.js";
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

/** @throws TypeError for a stage or a model that runs in another's program */
function analyzer(name: StageName): Rights {
  if (isCoreStage(name) || isCoreModel(name)) throw new TypeError(`${name} is no analyzer`);
  return {
    publish: [
      ...work(name),
      ...answers(name),
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
        MODEL_STREAM,
        ...Object.values(BLOB_STREAMS),
      ].flatMap((stream) => [
        `${API}.STREAM.INFO.${stream}`,
        `${API}.STREAM.CREATE.${stream}`,
        `${API}.STREAM.UPDATE.${stream}`,
      ]),
      // Streams of an earlier version are deleted.
      ...[...Object.values(STREAM_NAMES), PROBE_STREAM, RETIRED_STREAM].map(
        (stream) => `${API}.STREAM.DELETE.${stream}`,
      ),
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
      `$KV.${MODEL_BUCKET}.>`,
      ...reading(MODEL_STREAM),
      ...following(MODEL_STREAM),
      `$JS.FC.${MODEL_STREAM}.>`,
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
      // Which models run.
      ...reading(MODEL_STREAM),
      ...following(MODEL_STREAM),
      `$JS.FC.${MODEL_STREAM}.>`,
    ],
    subscribe: [`${LIVE_PREFIX}.>`],
  },
  extract: {
    publish: [
      ...work("extract"),
      ...announcements("extract"),
      `${RESULT_PREFIX}.*.extract`,
      ...workFrom("extract"),
      // A face that an earlier job found and embedded.
      workFilter("enrol"),
      // Whether it has answered a photo before.
      `${API}.DIRECT.GET.${results}.${RESULT_PREFIX}.*.extract`,
      ...storing("jobs"),
      `${API}.STREAM.INFO.${BLOB_STREAMS.gallery}`,
    ],
  },
  embed: {
    publish: [...work("embed"), ...announcements("embed"), ...answers("embed"), ...workFrom("embed")],
  },
  match: {
    publish: [
      ...CORE_STAGES.filter(isGalleryStage).flatMap((stage) => [...work(stage), ...answers(stage)]),
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

/** Of the models that run in a stage's program. */
function announcements(stage: CoreStage): string[] {
  return CORE_MODELS.filter((model) => PROGRAM_OF_MODEL[model] === stage).map(announcementSubject);
}

/** The work that is made of a stage's answers. */
function workFrom(source: CoreStage): string[] {
  const rows = CORE_STAGES.map(rowOf).filter((row) => row.source === source);
  return [...new Set(rows.flatMap(({ work }) => (work ? [workFilter(work)] : [])))];
}

/** A stage's answers to faces: of groups, and of faces whose group was split. Its own earlier ones may be read: whether a group has been answered. */
function answers(stage: StageName): string[] {
  const subjects = [`${RESULT_PREFIX}.*.${stage}.*`, `${RESULT_PREFIX}.*.${stage}.*.*`];
  return [...subjects, ...subjects.map((subject) => `${API}.DIRECT.GET.${results}.${subject}`)];
}

/** Pictures, where the broker keeps them. */
function storing(kind: keyof typeof BLOB_STREAMS): string[] {
  const stream = BLOB_STREAMS[kind];
  const deleting = ["STREAM.PURGE", "STREAM.MSG.DELETE"].map((operation) => `${API}.${operation}.${stream}`);
  return [`${BLOB_PREFIX}.${kind}.>`, ...reading(stream), ...deleting];
}
