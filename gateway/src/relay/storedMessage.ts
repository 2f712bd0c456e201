import {
  FACES_PER_MESSAGE_MAX,
  ResultSchema,
  fromBinary,
  ownerOf,
  parseResultSubject,
  resultToJson,
  resultsOf,
  type Result,
  type ResultEvent,
  type SubjectOfResult,
} from "@similarfaces/contracts";

/** What the stream holds under one subject. */
export interface StoredMessage {
  subject: string;
  /** Of the message in `SF_RESULTS`; increasing, with gaps within a job. */
  sequence: number;
  /** One for each face that it answers; one where it is about the job or the photo; none where it says that a group was split. */
  events: readonly ResultEvent[];
  /** The id of the key that the job belongs to, of messages that contain it. */
  owner: string | undefined;
}

/**
 * A message, or undefined where the bytes are none, or where they are about other fields than their subject: the broker checks by the subject
 * who may publish a result, and a stage that was taken over may write anything under its own.
 */
export function decodeStored(subject: string, sequence: number, data: Uint8Array): StoredMessage | undefined {
  try {
    const result = fromBinary(ResultSchema, data);
    const place = parseResultSubject(subject);
    if (!place || !isAbout(place, result)) return undefined;
    return { subject, sequence, events: resultsOf(result).map(resultToJson), owner: ownerOf(result) };
  } catch {
    return undefined;
  }
}

/** Whether a message says of itself what its subject says. */
function isAbout({ jobId, stage, group, face }: SubjectOfResult, result: Result): boolean {
  const all = [result, ...result.others];
  if (all.some((each) => each.jobId !== jobId || each.stage !== stage)) return false;
  const isAlone = all.length === 1;
  if (isSplit(result)) return isAlone && face === undefined && group !== undefined && result.face === group;
  if (group === undefined || face !== undefined) return isAlone && result.face === face;
  const isOfGroup = (each: Result) => each.face !== undefined && each.face >= group;
  const isDistinct = new Set(all.map((each) => each.face)).size === all.length;
  return (
    all.length <= FACES_PER_MESSAGE_MAX &&
    isDistinct &&
    all.every(isOfGroup) &&
    !result.others.some((each) => isSplit(each) || each.others.length > 0)
  );
}

const isSplit = ({ outcome }: Result): boolean => outcome.case === "split";
