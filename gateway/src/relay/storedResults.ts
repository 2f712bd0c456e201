import {
  STREAM_NAMES,
  StageFailure,
  groupsOf,
  reduceJob,
  resultSubject,
  type JobState,
  type StageName,
} from "@similarfaces/contracts";
import type { Broker } from "@similarfaces/runtime";
import pMap from "p-map";
import { decodeStored, type StoredMessage } from "./storedMessage.js";

/** Requests of one read that are under way at once: a crowd has hundreds of fields, which should not fill the connection. */
const REQUESTS_AT_ONCE = 64;

/** The job's `accepted`, or else its `deleted`; undefined for a job that does not exist. @throws StageFailure unavailable */
export async function readBeginning(broker: Broker, jobId: string): Promise<StoredMessage | undefined> {
  return (
    (await lastOf(broker, resultSubject(jobId, "accepted"))) ??
    lastOf(broker, resultSubject(jobId, "deleted"))
  );
}

/** Of a job that is finished, what says whether it is deleted, and whose it is. @throws StageFailure unavailable */
export async function readEnds(
  broker: Broker,
  jobId: string,
): Promise<Partial<Record<"accepted" | "deleted", StoredMessage | undefined>>> {
  const [accepted, deleted] = await Promise.all(
    ["accepted", "deleted"].map((stage) => lastOf(broker, resultSubject(jobId, stage))),
  );
  return { accepted, deleted };
}

/**
 * The stored messages of a job whose events are not known yet, in the stream's order. The subjects of a job follow from its earlier results,
 * so what is missing is asked for by subject, which the stream's leader answers from its index: the groups of faces first, then, of groups
 * that are not answered whole, the faces. A consumer costs the broker more, and may be placed on a replica that does not have the job yet.
 * Empty where nothing is new.
 * @throws StageFailure unavailable
 */
export async function readStored(broker: Broker, known: JobState): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  let job = known;
  const ask = async (subjects: string[]) => {
    const answers = await pMap(subjects, (subject) => lastOf(broker, subject), {
      concurrency: REQUESTS_AT_ONCE,
    });
    found.push(...answers.filter((stored) => stored !== undefined));
    found.sort((a, b) => a.sequence - b.sequence);
    job = found.flatMap(({ events }) => events).reduce(reduceJob, known);
  };
  const { jobId } = known;
  if (!job.accepted) await ask([resultSubject(jobId, "accepted")]);
  const isExtractMissing = job.accepted && job.extract.state === "pending";
  await ask([
    resultSubject(jobId, "deleted"),
    ...(isExtractMissing ? [resultSubject(jobId, "extract")] : []),
  ]);
  await ask(openGroups(job).map(subjectOfGroup));
  const answered = new Set(found.map(({ subject }) => subject));
  await ask(openGroups(job).flatMap((open) => subjectsOfFaces(open, answered.has(subjectOfGroup(open)))));
  return found;
}

/** Faces of a group that lack a stage's answer. */
interface OpenGroup {
  jobId: string;
  stage: StageName;
  group: number;
  faces: number[];
}

function openGroups({ jobId, accepted, faces }: JobState): OpenGroup[] {
  const facesPerMessage = Math.max(1, accepted?.facesPerMessage ?? 1);
  return groupsOf(faces, facesPerMessage).flatMap((group) =>
    Object.keys(group[0]!.fields).flatMap((stage) => {
      const open = group.filter(({ fields }) => fields[stage]?.state === "pending");
      return open.length === 0
        ? []
        : [{ jobId, stage, group: group[0]!.index, faces: open.map(({ index }) => index) }];
    }),
  );
}

const subjectOfGroup = ({ jobId, stage, group }: OpenGroup): string => resultSubject(jobId, stage, group);

/**
 * Where faces are answered one by one: below their group once that is split, and each as a group of its own by replicas of a version before
 * there were groups. That a group's own subject is taken says that it was split, or that such a replica has answered its first face.
 */
function subjectsOfFaces({ jobId, stage, group, faces }: OpenGroup, isTaken: boolean): string[] {
  return [
    ...(isTaken ? faces.map((face) => resultSubject(jobId, stage, group, face)) : []),
    ...faces.filter((face) => face !== group).map((face) => resultSubject(jobId, stage, face)),
  ];
}

async function lastOf(broker: Broker, subject: string): Promise<StoredMessage | undefined> {
  if (!broker.connected()) throw new StageFailure("unavailable", "the broker is away");
  try {
    const query = { last_by_subj: subject };
    const message = await broker.jsm.streams.getMessage(STREAM_NAMES.results, query);
    return message ? decodeStored(subject, message.seq, message.data) : undefined;
  } catch (cause) {
    throw new StageFailure("unavailable", "the broker did not answer", { cause });
  }
}
