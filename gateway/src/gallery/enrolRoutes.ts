import { FACES_MAX, StageFailure } from "@similarfaces/contracts";
import type { EnrolmentOutcomes } from "@similarfaces/contracts/api";
import { clientOf, type Caller } from "../access/caller.js";
import type { HttpReply } from "../http/http.js";
import { acceptedJson } from "../jobs/jobRoutes.js";
import { readWait } from "../jobs/waiting.js";
import { failureOf } from "../requests/failures.js";
import { isForm, readForm } from "../requests/form.js";
import { flagField, numberField, readJsonBody, textField } from "../requests/jsonBody.js";
import { jsonReply } from "../requests/replies.js";
import type { Call, Route } from "../requests/router.js";
import {
  checkedEnrollee,
  newIdentityId,
  type Enrollee,
  type Enrolment,
  type PhotoOutcome,
} from "./enrolment.js";
import type { GalleryClient } from "./galleryClient.js";
import { IdentityExists } from "./identityExists.js";

export interface EnrolRoutesOptions {
  gallery: GalleryClient;
  enrolment: Enrolment;
}

/** Enough for `extract`, unless the mesh is busy; `Prefer: wait=N` sets another time. */
const EXTRACT_WAIT_MS = 2_000;

/** Faces into the gallery, by photos or by a face of a job. */
export function enrolRoutes({ gallery, enrolment }: EnrolRoutesOptions): Route[] {
  return [
    {
      method: "POST",
      path: "/v1/gallery/identities",
      scope: "gallery:write",
      async handle(call) {
        enrolment.check(clientOf(call.caller));
        const asked = await readEnrolment(call, enrolment);
        if (asked.addTo !== undefined && asked.isNamesake) {
          throw new StageFailure(
            "bad_request",
            "addTo is somebody who is there, new is somebody else: send one of them",
          );
        }
        if (asked.addTo !== undefined) return addFaces(asked.addTo, () => asked, call);
        const { name, consent, isNamesake, enrol } = asked;
        const identityId = newIdentityId();
        const enrollee = checkedEnrollee({ identityId, name, consent, creates: true, isNamesake });
        if (!isNamesake) await refuseNamesake(enrollee.name, call);
        return enrolReply(identityId, await enrol(enrollee), call.caller);
      },
    },
    {
      method: "POST",
      path: "/v1/gallery/identities/{identityId}/faces",
      scope: "gallery:write",
      async handle(call) {
        enrolment.check(clientOf(call.caller));
        const { identityId = "" } = call.params;
        return addFaces(identityId, () => readEnrolment(call, enrolment), call);
      },
    },
  ];

  async function addFaces(
    identityId: string,
    read: () => AskedEnrolment | Promise<AskedEnrolment>,
    call: Call,
  ): Promise<HttpReply> {
    const known = await gallery.ask("get", { identityId }, call.trace);
    const { consent = known.consent, enrol } = await read();
    const { name } = known;
    const enrollee = checkedEnrollee({ identityId, name, consent, creates: false, isNamesake: false });
    return enrolReply(identityId, await enrol(enrollee), call.caller);
  }

  /**
   * Before there is a job. The gallery decides: it finds who has come meanwhile, and whom this could not ask for because it is away.
   * @throws IdentityExists
   */
  async function refuseNamesake(name: string, { trace }: Call): Promise<void> {
    const { identities } = await gallery.ask("named", { name }, trace).catch((error: unknown) => {
      if (error instanceof StageFailure && error.retryable) return { identities: [] };
      throw error;
    });
    const [namesake] = identities;
    if (namesake) throw new IdentityExists(namesake);
  }
}

interface AskedEnrolment {
  name?: unknown;
  consent?: unknown;
  /** The id of an identity, which the faces are added to. */
  addTo?: string;
  /** Somebody new, though another has the name. */
  isNamesake: boolean;
  enrol(enrollee: Enrollee): Promise<PhotoOutcome[]>;
}

/** A form with photos, or JSON that names a face of a finished job. */
async function readEnrolment(call: Call, enrolment: Enrolment): Promise<AskedEnrolment> {
  const { request } = call;
  const contentType = request.header("content-type");
  if (isForm(contentType)) {
    const { fields, files } = readForm(await request.body(), contentType);
    const largest = flagField(fields.get("largest"), "largest");
    const photos = files.filter(({ field }) => field === "photo");
    const waitMs = readWait(request.header("prefer")) ?? EXTRACT_WAIT_MS;
    return {
      ...given("name", fields.get("name")),
      ...given("consent", fields.get("consent")),
      ...given("addTo", fields.get("addTo")),
      isNamesake: flagField(fields.get("new"), "new"),
      enrol: (enrollee) =>
        enrolment.enrolPhotos({ photos, source: fields.get("source"), largest, waitMs }, enrollee, call),
    };
  }
  const body = await readJsonBody(request);
  const jobId = textField(body, "jobId");
  const face = numberField(body["face"], "face", { min: 0, max: FACES_MAX - 1, fallback: 0 });
  const optional = (name: string) => (body[name] === undefined ? undefined : textField(body, name));
  const faceOfJob = { jobId, face, source: optional("source"), photoDigest: optional("photoDigest") };
  return {
    ...given("name", body["name"]),
    ...given("consent", body["consent"]),
    ...(body["addTo"] === undefined ? {} : { addTo: textField(body, "addTo") }),
    isNamesake: flagField(body["new"], "new"),
    enrol: async (enrollee) => [await enrolment.enrolFaceOfJob(faceOfJob, enrollee, call)],
  };
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [N in Name]?: Value };
}

/** Lists what was accepted, whatever became of the rest. */
function enrolReply(identityId: string, outcomes: readonly PhotoOutcome[], caller: Caller): HttpReply {
  const photos = outcomes.map(({ name, accepted, warnings }) =>
    accepted instanceof StageFailure
      ? { name, failure: failureOf(accepted) }
      : { name, job: acceptedJson(accepted, caller), warnings },
  );
  const warnings = outcomes.flatMap(({ name, warnings: own }) =>
    own.map((warning) => ({ photo: name, ...warning })),
  );
  return jsonReply<EnrolmentOutcomes>(202, { identityId, photos, warnings });
}
