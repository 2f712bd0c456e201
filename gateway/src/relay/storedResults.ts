import {
  ResultSchema,
  STREAM_NAMES,
  StageFailure,
  fromBinary,
  ownerOf,
  parseResultSubject,
  reduceJob,
  resultSubject,
  resultToJson,
  type JobState,
  type ResultEvent,
} from "@similarfaces/contracts";
import type { Broker } from "@similarfaces/runtime";
import pMap from "p-map";

/** A result as the stream holds it. */
export interface StoredEvent {
  /** Of the message in `SF_RESULTS`; increasing, with gaps within a job. */
  sequence: number;
  event: ResultEvent;
}

/** `owner` is the id of the key that the job belongs to, of results that contain it. */
export interface OwnedEvent extends StoredEvent {
  owner: string | undefined;
}

/** Requests of one read that are under way at once: a crowd has hundreds of fields, which should not fill the connection. */
const REQUESTS_AT_ONCE = 64;

/** The job's `accepted`, or else its `deleted`; undefined for a job that does not exist. @throws StageFailure unavailable */
export async function readBeginning(broker: Broker, jobId: string): Promise<OwnedEvent | undefined> {
  return (
    (await lastOf(broker, resultSubject(jobId, "accepted"))) ??
    lastOf(broker, resultSubject(jobId, "deleted"))
  );
}

/**
 * The stored events of a job that are not known yet, in the stream's order. The subjects of a job follow from its earlier results, so each
 * missing field is one request by subject, which the stream's leader answers from its index. A consumer costs the broker more, and may
 * be placed on a replica that does not have the job yet. Empty where nothing is new.
 * @throws StageFailure unavailable
 */
export async function readStored(broker: Broker, known: JobState): Promise<OwnedEvent[]> {
  const found: OwnedEvent[] = [];
  let job = known;
  const ask = async (subjects: string[]) => {
    const answers = await pMap(subjects, (subject) => lastOf(broker, subject), {
      concurrency: REQUESTS_AT_ONCE,
    });
    found.push(...answers.filter((stored) => stored !== undefined));
    found.sort((a, b) => a.sequence - b.sequence);
    job = found.reduce((state, { event }) => reduceJob(state, event), known);
  };
  const { jobId } = known;
  if (!job.accepted) await ask([resultSubject(jobId, "accepted")]);
  const isExtractMissing = job.accepted && job.extract.state === "pending";
  await ask([
    resultSubject(jobId, "deleted"),
    ...(isExtractMissing ? [resultSubject(jobId, "extract")] : []),
  ]);
  await ask(missingFields(job));
  return found;
}

function missingFields({ jobId, faces }: JobState): string[] {
  return faces.flatMap(({ index, fields }) =>
    Object.keys(fields)
      .filter((stage) => fields[stage]!.state === "pending")
      .map((stage) => resultSubject(jobId, stage, index)),
  );
}

/**
 * A result, or undefined where the bytes are none, or where they are about another field than their subject: the broker checks by the subject
 * who may publish a result, and a stage that was taken over may write anything under its own.
 */
export function decodeStored(subject: string, sequence: number, data: Uint8Array): OwnedEvent | undefined {
  try {
    const result = fromBinary(ResultSchema, data);
    const { jobId, stage, face } = parseResultSubject(subject) ?? {};
    if (result.jobId !== jobId || result.stage !== stage || result.face !== face) return undefined;
    return { sequence, event: resultToJson(result), owner: ownerOf(result) };
  } catch {
    return undefined;
  }
}

async function lastOf(broker: Broker, subject: string): Promise<OwnedEvent | undefined> {
  if (!broker.connected()) throw new StageFailure("unavailable", "the broker is away");
  try {
    const query = { last_by_subj: subject };
    const message = await broker.jsm.streams.getMessage(STREAM_NAMES.results, query);
    return message ? decodeStored(subject, message.seq, message.data) : undefined;
  } catch (cause) {
    throw new StageFailure("unavailable", "the broker did not answer", { cause });
  }
}
