import { JetStreamApiError, type PubAck } from "@nats-io/jetstream";
import {
  STREAM_NAMES,
  ResultSchema,
  StageFailure,
  fromBinary,
  resultMessageId,
  resultSubject,
  toBinary,
  type Result,
  type ResultStage,
} from "@similarfaces/contracts";
import type { Broker } from "./broker.js";
import { NOT_STORED } from "./storeHealth.js";
import { traceHeaders } from "../telemetry/traceHeaders.js";
import type { TraceContext } from "../telemetry/traceContext.js";
import type { WorkMessage } from "../stage/stage.js";

const PAUSES_MS = [50, 200, 500, 1_000, 2_000, 4_000];

/** Where a result is stored (`resultSubject`): of a stage that answers for faces under their group, and under the face where that was split. */
export interface ResultPlace {
  readonly group?: number;
  readonly face?: number;
}

/**
 * Publishes a result and waits until it is stored, in the place of its own face unless another is given. A second result for the same place
 * is refused by the broker for the whole life of the job; that counts as success, with `stored` false.
 * @throws StageFailure unavailable if the broker, while it was there, did not store it in about 30 s, overloaded if the stream is full
 */
export async function publishResult(
  broker: Broker,
  result: Result,
  { group, face }: ResultPlace = placeOf(result),
): Promise<{ stored: boolean; sequence?: number }> {
  const stage = result.stage as ResultStage;
  const subject = resultSubject(result.jobId, stage, group, face);
  try {
    const ack = await publishStored(broker, {
      subject,
      data: toBinary(ResultSchema, result),
      // A tombstone is published again after the purge that removed it: with a message id it would count as a duplicate.
      ...(stage === "deleted" ? {} : { messageId: resultMessageId(result.jobId, stage, group, face) }),
    });
    return { stored: !ack.duplicate, sequence: ack.seq };
  } catch (error) {
    if (isSecondOfItsSubject(error)) return { stored: false };
    throw error;
  }
}

/**
 * Publishes work for a later stage and waits until it is stored; the broker drops a message whose id it has stored before.
 * The trace goes along as headers.
 * @throws StageFailure unavailable or overloaded
 */
export async function publishWork(broker: Broker, work: WorkMessage, trace?: TraceContext): Promise<void> {
  await publishStored(broker, work, trace);
}

const placeOf = ({ face }: Result): ResultPlace => (face === undefined ? {} : { group: face });

/**
 * The result that is stored in a place of a job, if there is one; any copy of the stream may answer, which may not have the newest yet.
 * The request names the subject, so that the broker's permissions can tell which fields a user may read.
 */
export async function storedResult(
  broker: Broker,
  jobId: string,
  stage: ResultStage,
  group?: number,
  face?: number,
): Promise<Result | undefined> {
  const last_by_subj = resultSubject(jobId, stage, group, face);
  const message = await broker.ask(() =>
    broker.jsm.direct.getMessage(STREAM_NAMES.results, { last_by_subj }),
  );
  return message ? fromBinary(ResultSchema, message.data) : undefined;
}

async function publishStored(
  broker: Broker,
  { subject, data, messageId }: Omit<WorkMessage, "messageId"> & { messageId?: string },
  trace?: TraceContext,
): Promise<PubAck> {
  for (let attempt = 0; ; attempt++) {
    try {
      const headers = trace ? traceHeaders(trace) : undefined;
      return await broker.outbox.store(subject, data, { messageId, headers });
    } catch (error) {
      if (isSecondOfItsSubject(error)) throw error;
      if (error instanceof JetStreamApiError && error.code === NOT_STORED) {
        throw new StageFailure("overloaded", `${subject.split(".")[2]} stream is full`, { cause: error });
      }
      const pauseMs = PAUSES_MS[attempt];
      if (pauseMs === undefined || broker.nc.isClosed()) {
        throw new StageFailure("unavailable", "the broker did not store a message", { cause: error });
      }
      // Lost connections, restarts, elections: with the same id, trying again stores the message once.
      await pauseOrReconnect(broker, pauseMs);
    }
  }
}

/** Ends early when the broker is back: it may be away again by the end of the pause. */
function pauseOrReconnect(broker: Broker, pauseMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, pauseMs);
    const off = broker.onReconnect(end);
    function end() {
      clearTimeout(timer);
      off();
      resolve();
    }
  });
}

function isSecondOfItsSubject(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === NOT_STORED && /per subject/.test(error.message);
}
