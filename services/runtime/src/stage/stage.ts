import type { Result, StageName } from "@similarfaces/contracts";

/** A piece of work, a face or a whole photo: what the loop needs to know of it, whatever else a stage reads. */
export interface StageWork {
  readonly jobId: string;
  /** Unset for work on the whole photo. */
  readonly face?: number;
  /** The group that the face belongs to (contracts, groups.ts), by its first face; without it that of the message's first piece. */
  readonly group?: number | undefined;
  /** The group's other faces come in messages of their own. */
  readonly isSplit?: boolean;
  /** The same for all pieces of a message. */
  readonly deadlineAtMs: number;
  /** The stages the job asked for; without this stage, it is passed over. */
  readonly stages?: readonly string[];
}

/**
 * One stage: what it reads and what it makes of it. It knows no broker, no clock and no metrics; the loop
 * (`runStage`) has those.
 */
export interface Stage<Work extends StageWork = StageWork> {
  readonly name: StageName;
  /**
   * The pieces of work that a message carries: one for a photo, one per face otherwise. Each is handled for itself. Throws on bytes
   * that are no such message; that is never retried.
   */
  decode(data: Uint8Array): readonly Work[];
  /** How much of the loop's room a piece takes; 1 unless given. What weighs more never takes all of it. */
  weightOf?(work: Work): number;
  /** Called per piece, those of a message at once. Throws StageFailure for the world's faults; any other error counts as `internal`, and is retried. */
  handle(work: Work, call: StageCall): Promise<StageOutput>;
  /**
   * Work for later stages that is made of answers about faces, published with their result: of all that a group has been given, or of one
   * face of a group that was split. It follows from them alone, message ids too: it may be published again.
   */
  followUp?(answers: readonly AnsweredWork<Work>[], isSplit: boolean): readonly WorkMessage[];
  /**
   * Runs per piece, after its message has ended for good, where it was not answered: it failed, came past its deadline or could not be
   * read. Deletes what was kept for that answer. A failure here is only logged.
   */
  abandon?(jobId: string, face?: number): Promise<void>;
}

export interface StageCall {
  /** 1 for the first delivery. */
  readonly attempt: number;
  /** Lower is sooner: the job's time of acceptance plus 50 ms per face, so jobs finish in turn. */
  readonly priority: number;
  /** Aborted at the work's deadline, and when the process must stop before the work is done: the answer is not wanted any more. */
  readonly signal: AbortSignal;
  /** For requests to others, as `traceparent` of W3C Trace Context; undefined where there is no trace. */
  readonly traceparent?: string;
  /** The result about the photo that another stage, or an earlier delivery, has already stored for this job. */
  storedResult(stage: StageName): Promise<Result | undefined>;
}

/** A piece of work and what the stage answered, now or in an earlier delivery; never a failure. */
export interface AnsweredWork<Work extends StageWork> extends Pick<StageOutput, "outcome" | "model"> {
  readonly work: Work;
}

export interface StageOutput {
  readonly outcome: Exclude<Result["outcome"], { case: undefined }>;
  /** "<id>@<version>", empty where no model was asked. */
  readonly model: string;
  /** When a worker began on it, if later than the handler: the difference counts as wait. */
  readonly startedAtMs?: number;
  /**
   * Work for later stages that is made of this piece alone, each message published as soon as there is room for it; the delivery is
   * acknowledged after all of it is stored.
   */
  readonly work?: Iterable<WorkMessage> | AsyncIterable<WorkMessage>;
  /** Runs once all of this is published, before the acknowledgement; a failure here is retried, but of a group, whose answer stands. */
  beforeAck?(): Promise<void>;
  /** Runs after the acknowledgement; a failure here is only logged. */
  afterAck?(): Promise<void>;
}

export interface WorkMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Nats-Msg-Id, deterministic: `workMessageId`. */
  readonly messageId: string;
}
