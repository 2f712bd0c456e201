import {
  EnrolWorkSchema,
  StageFailure,
  checkedConsent,
  create,
  embeddingToBytes,
  newJobId,
  storedSource,
  toBinary,
} from "@similarfaces/contracts";
import { expect, it } from "vitest";
import { unicodeTexts } from "../../../contracts/test/unicodeTexts.js";
import { checkedEnrollee, type Enrollee } from "../../../gateway/src/gallery/enrolment.js";
import { createEnrol } from "../src/stages/enrol.js";
import { createGallery } from "../src/operations/createGallery.js";
import type { FaceToAdd, Identities } from "../src/operations/identities.js";
import { embedding, memoryBlobs } from "./fixtures.js";

const MODEL = "test@1.0.0";

it("what the gateway accepts, the gallery accepts, and stores as it came: 5,000 texts of all categories", async () => {
  let stored: FaceToAdd | undefined;
  // What drivers store is tested by their own suite; here it is about what reaches them.
  const identities = {
    name: "nats",
    hasFaces: async () => [false],
    add: async (face: FaceToAdd) => {
      stored = face;
      return { identityId: face.identity.id, faceId: face.face.id, name: face.identity.name, added: true };
    },
  } as unknown as Identities;
  const enrol = createEnrol({ gallery: createGallery(identities, memoryBlobs(), [MODEL]) });
  const vector = embeddingToBytes(embedding(1));
  let accepted = 0;
  for (const text of unicodeTexts(18, 5_000, 700)) {
    // A name of the text, a consent of several lines with it, a file called so.
    const enrollee = enrolleeOf(text);
    if (!enrollee) continue;
    accepted++;
    const enrolment = { ...enrollee, source: storedSource(text) };
    const work = { jobId: newJobId(Date.now()), embedding: vector, model: MODEL, enrolment };
    await enrol.handle(
      enrol.decode(toBinary(EnrolWorkSchema, create(EnrolWorkSchema, work)))[0]!,
      {} as never,
    );
    expect(stored).toMatchObject({
      identity: { name: enrollee.name, consent: enrollee.consent },
      face: { source: enrolment.source },
    });
  }
  expect(accepted).toBeGreaterThan(1_000);
});

function enrolleeOf(text: string): Enrollee | undefined {
  try {
    return checkedEnrollee({
      identityId: "someone",
      name: text,
      consent: `herself,\r\n${checkedConsent(text)}`,
      creates: true,
      isNamesake: true,
    });
  } catch (error) {
    if (error instanceof StageFailure) return undefined;
    throw error;
  }
}
