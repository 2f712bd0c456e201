import { FACES_MAX, StageFailure } from "@similarfaces/contracts";
import type { EnrolmentOutcomes } from "@similarfaces/contracts/api";
import { clientOf, type Caller } from "../access/caller.js";
import type { HttpReply } from "../http/http.js";
import { acceptedJson } from "../jobs/jobRoutes.js";
import { readWait } from "../jobs/waiting.js";
import { failureOf } from "../requests/failures.js";
import { isForm, readForm } from "../requests/form.js";
import { numberField, readJsonBody, textField } from "../requests/jsonBody.js";
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
        const { name, consent, enrol } = await readEnrolment(call, enrolment);
        const identityId = newIdentityId();
        return enrolReply(identityId, await enrol(checkedEnrollee(identityId, name, consent)), call.caller);
      },
    },
    {
      method: "POST",
      path: "/v1/gallery/identities/{identityId}/faces",
      scope: "gallery:write",
      async handle(call) {
        enrolment.check(clientOf(call.caller));
        const { identityId = "" } = call.params;
        const known = await gallery.ask("get", { identityId }, call.trace);
        const { consent = known.consent, enrol } = await readEnrolment(call, enrolment);
        const enrollee = checkedEnrollee(identityId, known.name, consent);
        return enrolReply(identityId, await enrol(enrollee), call.caller);
      },
    },
  ];
}

interface AskedEnrolment {
  name?: unknown;
  consent?: unknown;
  enrol(enrollee: Enrollee): Promise<PhotoOutcome[]>;
}

/** A form with photos, or JSON that names a face of a finished job. */
async function readEnrolment(call: Call, enrolment: Enrolment): Promise<AskedEnrolment> {
  const { request } = call;
  const contentType = request.header("content-type");
  if (isForm(contentType)) {
    const { fields, files } = readForm(await request.body(), contentType);
    const photos = files.filter(({ field }) => field === "photo");
    const waitMs = readWait(request.header("prefer")) ?? EXTRACT_WAIT_MS;
    return {
      ...given("name", fields.get("name")),
      ...given("consent", fields.get("consent")),
      enrol: (enrollee) =>
        enrolment.enrolPhotos({ photos, source: fields.get("source"), waitMs }, enrollee, call),
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
    enrol: async (enrollee) => [await enrolment.enrolFaceOfJob(faceOfJob, enrollee, call)],
  };
}

function given(name: "name" | "consent", value: unknown): { name?: unknown; consent?: unknown } {
  return value === undefined ? {} : { [name]: value };
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
