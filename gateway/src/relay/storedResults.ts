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

/** A result as the stream holds it. */
export interface StoredEvent {
  /** Of the message in `SF_RESULTS`; grows with time, has gaps within a job. */
  sequence: number;
  event: ResultEvent;
}

/** `owner` is the id of the key that the job belongs to, where this result says it. */
export interface OwnedEvent extends StoredEvent {
  owner: string | undefined;
}

/** Questions of one read that are under way at once: a crowd's hundreds of fields do not fill the connection. */
const QUESTIONS_AT_ONCE = 64;

/** That a job was accepted, or that it was deleted; undefined for one that is not there. @throws StageFailure unavailable */
export async function readBeginning(broker: Broker, jobId: string): Promise<OwnedEvent | undefined> {
  return (
    (await lastOf(broker, resultSubject(jobId, "accepted"))) ??
    lastOf(broker, resultSubject(jobId, "deleted"))
  );
}

/**
 * What is stored of a job beyond what is known of it, in the stream's order. A job's subjects follow from what it has said, so each
 * missing field is one question by its subject, which the stream's leader answers from its index: no consumer, which costs the
 * broker more than its messages, and which may sit on a replica that has not the job yet. Empty where nothing is new.
 * @throws StageFailure unavailable
 */
export async function readStored(broker: Broker, known: JobState): Promise<OwnedEvent[]> {
  const found: OwnedEvent[] = [];
  let job = known;
  const ask = async (subjects: string[]) => {
    for (let i = 0; i < subjects.length; i += QUESTIONS_AT_ONCE) {
      const answers = await Promise.all(
        subjects.slice(i, i + QUESTIONS_AT_ONCE).map((subject) => lastOf(broker, subject)),
      );
      found.push(...answers.filter((stored) => stored !== undefined));
    }
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
 * A result, or undefined where the bytes are none: nobody waits for what can never be read. Nor where they say to be another than their
 * subject does: by subjects the broker knows who may answer what, and a stage that is taken over may write anything under its own.
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
