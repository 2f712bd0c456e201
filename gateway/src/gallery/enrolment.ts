import { createHash, randomUUID } from "node:crypto";
import {
  ENROL_STAGES,
  FACES_MAX,
  StageFailure,
  checkedConsent,
  checkedName,
  hasConsumer,
  storedSource,
  type StageName,
} from "@similarfaces/contracts";
import type { Broker } from "@similarfaces/runtime";
import type { EnrolmentWarning } from "@similarfaces/contracts/api";
import type { AcceptedJob } from "../jobs/accept.js";
import { clientOf } from "../access/caller.js";
import type { FormFile } from "../requests/form.js";
import { readImageHeader } from "../jobs/imageHeader.js";
import type { Intake } from "../jobs/intake.js";
import type { FollowOptions } from "../jobs/jobOutcome.js";
import { untilExtracted } from "../jobs/waiting.js";
import type { Call } from "../requests/router.js";
import { enrolFaceOfJob, type FaceToEnrol } from "./faceOfJob.js";
import { severalFaces, warningsOf } from "./faceQuality.js";

/** Whose face, and who agreed. */
export interface Enrollee {
  identityId: string;
  name: string;
  consent: string;
  /** The identity is made by the first face; without it, it has to be there still. */
  creates: boolean;
  /** Though another has the name. */
  isNamesake: boolean;
}

/** What became of one photo: a job, or why not. */
export interface PhotoOutcome {
  /** As the form calls the file; empty where the face is one of a job's. */
  name: string;
  accepted: AcceptedJob | StageFailure;
  /** Of its face; of several, that none is enrolled. */
  warnings: EnrolmentWarning[];
}

/** Who enrols, and within which trace. */
export type EnrolmentCall = Pick<Call, "caller" | "trace">;

export interface PhotosToEnrol {
  photos: readonly FormFile[];
  /** Where they came from; without it the name of each file says so. */
  source: string | undefined;
  /** Of a photo with several faces, the largest is taken. */
  largest: boolean;
  /** How long to wait for the results of `extract`, from which warnings follow. */
  waitMs: number;
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
export function checkedEnrollee({
  name,
  consent,
  ...enrollee
}: Omit<Enrollee, "name" | "consent"> & { name: unknown; consent: unknown }): Enrollee {
  return { ...enrollee, name: checkedName(name), consent: checkedConsent(consent) };
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
   * The face of each photo, or the largest where that is asked for. The headers of all are read before any is accepted: one that is no photo
   * refuses the form. From then on each has an outcome of its own, for what is accepted is never taken back.
   * @throws StageFailure as acceptPhoto does, where no photo was accepted: the first one's
   */
  async enrolPhotos(
    { photos, source, largest, waitMs }: PhotosToEnrol,
    enrollee: Enrollee,
    call: EnrolmentCall,
  ): Promise<PhotoOutcome[]> {
    if (photos.length === 0) throw new StageFailure("empty_body");
    for (const { bytes, name } of photos) ofFile(name, () => readImageHeader(bytes));
    const outcomes: Omit<PhotoOutcome, "warnings">[] = [];
    let closed: StageFailure | undefined;
    for (const { bytes, name } of photos) {
      const photoDigest = createHash("sha256").update(bytes).digest("base64url");
      const enrolment = { ...enrollee, largest, source: storedSource(source ?? fileName(name)), photoDigest };
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
        warnings: await this.#warningsOf(outcome, { largest, waitMs }),
      })),
    );
  }

  /** None where `extract` does not answer in time: the photo is accepted, and its job says what became of it. */
  async #warningsOf(
    { name, accepted }: Omit<PhotoOutcome, "warnings">,
    { largest, waitMs }: Pick<PhotosToEnrol, "largest" | "waitMs">,
  ): Promise<EnrolmentWarning[]> {
    if (accepted instanceof StageFailure || waitMs === 0) return [];
    if (largest && !this.#stages().includes("quality")) return [];
    const { following, leaving, enrolmentFloor } = this.#options;
    const waiting = untilExtracted(accepted.jobId, { waitMs, relay: following.relay, leaving });
    const extracted = await waiting.catch(() => undefined);
    const faces = extracted?.faces ?? [];
    if (!largest && faces.length > 1) return [severalFaces(fileName(name), accepted.jobId, faces.length)];
    return faces.flatMap(({ quality }) => warningsOf(quality, enrolmentFloor));
  }

  async #acceptOrNot(
    photo: Uint8Array,
    enrolment: Enrollee & { source: string; photoDigest: string; largest: boolean },
    { caller, trace }: EnrolmentCall,
  ): Promise<AcceptedJob | StageFailure> {
    const { intake, following } = this.#options;
    try {
      return await intake.accept(
        photo,
        {
          stages: this.#stages(),
          facesMax: enrolment.largest ? 1 : FACES_MAX,
          matchCount: 1,
          owner: caller.keyId,
          enrolment,
        },
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

  /** @throws StageFailure as enrolFaceOfJob of faceOfJob.ts does */
  enrolFaceOfJob(face: FaceToEnrol, enrollee: Enrollee, call: EnrolmentCall): Promise<PhotoOutcome> {
    return enrolFaceOfJob(this.#options, face, enrollee, call);
  }
}

/** Without the folders: a client may send any text as the name of a file. */
function fileName(name: string): string {
  return name.replace(/^.*[/\\]/, "");
}

/** A refused file is named: there may be others in the form. */
function ofFile(name: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof StageFailure)) throw error;
    throw new StageFailure(error.code, `${fileName(name)}: ${error.message}`, { cause: error });
  }
}
