import { createHash, randomUUID } from "node:crypto";
import {
  ENROL_STAGES,
  StageFailure,
  checkedConsent,
  checkedName,
  checkedPhotoDigest,
  fieldOf,
  hasConsumer,
  isJobId,
  newJobId,
  storedSource,
  type StageName,
} from "@similarfaces/contracts";
import { publishResult, publishWork, type Broker } from "@similarfaces/runtime";
import type { EnrolmentWarning } from "@similarfaces/contracts/api";
import type { AcceptedJob } from "../jobs/accept.js";
import { clientOf } from "../access/caller.js";
import { failureOf } from "../requests/failures.js";
import type { FormFile } from "../requests/form.js";
import { readImageHeader } from "../jobs/imageHeader.js";
import type { Intake } from "../jobs/intake.js";
import { followJob, startJobSpan, type FollowOptions } from "../jobs/jobOutcome.js";
import { untilExtracted } from "../jobs/waiting.js";
import type { Call } from "../requests/router.js";
import { qualityOf, warningsOf } from "./faceQuality.js";
import { acceptedResult, knownFaceWork } from "./knownFace.js";

/** Whose face, and who agreed. */
export interface Enrollee {
  identityId: string;
  name: string;
  consent: string;
}

/** What became of one photo: a job, or why not. */
export interface PhotoOutcome {
  /** As the form calls the file; empty where the face is one of a job's. */
  name: string;
  accepted: AcceptedJob | StageFailure;
  /** Of its face, which is enrolled all the same. */
  warnings: EnrolmentWarning[];
}

/** Who enrols, and within which trace. */
export type EnrolmentCall = Pick<Call, "caller" | "trace">;

export interface PhotosToEnrol {
  photos: readonly FormFile[];
  /** Where they came from; without it the name of each file says so. */
  source: string | undefined;
  /** How long to wait for the results of `extract`, from which warnings follow. */
  waitMs: number;
}

/** A face of a finished job. */
export interface FaceToEnrol {
  jobId: string;
  face: number;
  /** Where its photo came from; without it, that it is a face of a job. */
  source: string | undefined;
  /** Of that photo's bytes, where the caller has them: what is stored of the job is another picture. */
  photoDigest: string | undefined;
}

export interface EnrolmentOptions {
  broker: Broker;
  intake: Intake;
  following: FollowOptions;
  jobTtlMs: number;
  jobDeadlineMs: number;
  /** Those that are installed now. */
  stages(): readonly StageName[];
  /** The quality below which a face is poor, 0..1. */
  enrolmentFloor: number;
  /** Aborted when the gateway ends. */
  leaving: AbortSignal;
}

export function newIdentityId(): string {
  return randomUUID();
}

/**
 * Checks name and consent as the gallery will, so that they are refused before there is a job.
 * @throws StageFailure as checkedName and checkedConsent do
 */
export function checkedEnrollee(identityId: string, name: unknown, consent: unknown): Enrollee {
  return { identityId, name: checkedName(name), consent: checkedConsent(consent) };
}

/** Adds faces to the gallery: each is a job like any other whose last stage is `enrol`. */
export class Enrolment {
  readonly #options: EnrolmentOptions;

  constructor(options: EnrolmentOptions) {
    this.#options = options;
  }

  /** @throws StageFailure bad_request where this installation enrols nobody, overloaded or unavailable */
  check(client: string): void {
    const stages = this.#stages();
    if (!ENROL_STAGES.filter(hasConsumer).every((stage) => stages.includes(stage))) {
      throw new StageFailure(
        "bad_request",
        "This installation enrols no faces: its stages do not include enrol.",
      );
    }
    this.#options.intake.check(client, stages);
  }

  /** What an enrolling job asks for: faces are added without their quality where that is switched off. */
  #stages(): StageName[] {
    const installed = this.#options.stages();
    return ENROL_STAGES.filter((stage) => installed.includes(stage));
  }

  /**
   * The largest face of each photo. The headers of all are read before any is accepted: one that is no photo refuses the form. From then on
   * each has an outcome of its own, for what is accepted is never taken back.
   * @throws StageFailure as acceptPhoto does, where no photo was accepted: the first one's
   */
  async enrolPhotos(
    { photos, source, waitMs }: PhotosToEnrol,
    enrollee: Enrollee,
    call: EnrolmentCall,
  ): Promise<PhotoOutcome[]> {
    if (photos.length === 0) throw new StageFailure("empty_body");
    for (const { bytes } of photos) readImageHeader(bytes);
    const outcomes: Omit<PhotoOutcome, "warnings">[] = [];
    let closed: StageFailure | undefined;
    for (const { bytes, name } of photos) {
      const photoDigest = createHash("sha256").update(bytes).digest("base64url");
      const enrolment = { ...enrollee, source: storedSource(source ?? fileName(name)), photoDigest };
      const accepted = closed ?? (await this.#acceptOrNot(bytes, enrolment, call));
      outcomes.push({ name, accepted });
      // Overloaded, or a store is away: the others would wait as long each, for the same failure.
      if (accepted instanceof StageFailure && accepted.retryable) closed = accepted;
    }
    const [first] = outcomes;
    if (first && outcomes.every(({ accepted }) => accepted instanceof StageFailure)) throw first.accepted;
    return Promise.all(
      outcomes.map(async (outcome) => ({
        ...outcome,
        warnings: await this.#warningsOf(outcome.accepted, waitMs),
      })),
    );
  }

  /** None where `extract` does not answer in time: the photo is accepted, and its job says what became of it. */
  async #warningsOf(accepted: AcceptedJob | StageFailure, waitMs: number): Promise<EnrolmentWarning[]> {
    if (accepted instanceof StageFailure || waitMs === 0 || !this.#stages().includes("quality")) return [];
    const { following, leaving, enrolmentFloor } = this.#options;
    const waiting = untilExtracted(accepted.jobId, { waitMs, relay: following.relay, leaving });
    const extracted = await waiting.catch(() => undefined);
    return (extracted?.faces ?? []).flatMap(({ quality }) => warningsOf(quality, enrolmentFloor));
  }

  async #acceptOrNot(
    photo: Uint8Array,
    enrolment: Enrollee & { source: string; photoDigest: string },
    { caller, trace }: EnrolmentCall,
  ): Promise<AcceptedJob | StageFailure> {
    const { intake, following } = this.#options;
    try {
      return await intake.accept(
        photo,
        { stages: this.#stages(), facesMax: 1, matchCount: 1, owner: caller.keyId, enrolment },
        trace,
        clientOf(caller),
      );
    } catch (error) {
      if (error instanceof StageFailure) return error;
      // A bug of ours; the reply still lists the photos that were accepted before.
      following.log.error({ err: error }, "a photo of an enrolment could not be accepted");
      return new StageFailure("internal", undefined, { cause: error });
    }
  }

  /**
   * A face of a finished job, by what is stored of it: `extract` answers with the face as it was found, cuts its portrait out of that job's photo,
   * and the face is neither found nor embedded again.
   * @throws StageFailure as Relay.snapshot does, face_not_found, or bad_request where the face has no embedding, or not yet
   */
  async enrolFaceOfJob(
    { jobId: sourceJobId, face: faceIndex, source: from, photoDigest = "" }: FaceToEnrol,
    enrollee: Enrollee,
    { caller, trace }: EnrolmentCall,
  ): Promise<PhotoOutcome> {
    const { broker, following, jobTtlMs, jobDeadlineMs, enrolmentFloor } = this.#options;
    if (!isJobId(sourceJobId)) throw new StageFailure("job_not_found");
    const { job: source } = await following.relay.snapshot(sourceJobId, caller);
    const face = source.faces.find(({ index }) => index === faceIndex);
    if (!face || !source.accepted || source.extract.state !== "done")
      throw new StageFailure("face_not_found");
    const embed = fieldOf(face, "embed");
    if (embed?.state === "skipped") {
      throw new StageFailure(
        "bad_request",
        "This face is too small or too blurred to have an embedding: send a better photo.",
      );
    }
    if (embed?.state !== "done") {
      throw new StageFailure("bad_request", "This face has no embedding: wait for embed, or send the photo.");
    }
    const acceptedAtMs = Date.now();
    const jobId = newJobId(acceptedAtMs);
    const job = {
      jobId,
      acceptedAtMs,
      deadlineAtMs: acceptedAtMs + jobDeadlineMs,
      expiresAtMs: acceptedAtMs + jobTtlMs,
    };
    const span = startJobSpan(following, trace);
    const known = {
      jobId: sourceJobId,
      accepted: source.accepted,
      face,
      faces: source.faces,
      extracted: source.extract.value,
      foundBy: source.extract.model,
      embedding: embed,
    };
    const enrolment = {
      ...enrollee,
      source: storedSource(from ?? `face ${faceIndex} of a job`),
      photoDigest: checkedPhotoDigest(photoDigest),
    };
    const expectation = following.relay.expect(jobId, caller.keyId);
    try {
      await expectation.listening;
      await publishResult(broker, acceptedResult(job, known, caller.keyId));
      await publishWork(broker, knownFaceWork(job, known, enrolment), span.context);
      followJob(job, following, span);
      return { name: "", accepted: job, warnings: warningsOf(qualityOf(face), enrolmentFloor) };
    } catch (error) {
      span.fail(failureOf(error).code);
      span.end();
      throw error;
    } finally {
      expectation.release();
    }
  }
}

/** Without the folders: a client may send any text as the name of a file. */
function fileName(name: string): string {
  return name.replace(/^.*[/\\]/, "");
}
