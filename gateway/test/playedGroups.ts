import {
  ResultSchema,
  create,
  resultSubject,
  toBinary,
  type MessageInitShape,
  type StageName,
} from "@similarfaces/contracts";
import { answers, extracted, type Mesh } from "./meshFixture.js";

type ResultShape = MessageInitShape<typeof ResultSchema>;
/** Of a result in the stream: a group, or a face of one that was split. */
export type Place = [stage: StageName, group: number, face?: number];

/** The stages that answer for faces, in the order in which they are played. */
export const STAGES_OF_FACES = ["embed", "age", "gender", "match"];

export const answerOf = (jobId: string, stage: StageName, face: number): ResultShape =>
  answers(jobId, face).find((answer) => answer.stage === stage)!;

/** Results about several faces in one message. */
export function together([first, ...others]: readonly ResultShape[]): ResultShape {
  const further = others.map((other) => create(ResultSchema, { attempt: 1, model: "test@1", ...other }));
  return { ...first, others: further };
}

/** A stage's answer about several faces. */
export const groupAnswer = (jobId: string, stage: StageName, faces: readonly number[]): ResultShape =>
  together(faces.map((face) => answerOf(jobId, stage, face)));

export const split = (jobId: string, stage: StageName, group: number): ResultShape => ({
  jobId,
  stage,
  face: group,
  outcome: { case: "split", value: {} },
});

export async function publishAt(mesh: Mesh, jobId: string, place: Place, result: ResultShape): Promise<void> {
  const data = toBinary(ResultSchema, create(ResultSchema, { attempt: 1, model: "test@1", ...result }));
  await mesh.broker.js.publish(resultSubject(jobId, ...place), data);
}

/** As new replicas answer at a first delivery. */
export async function answerGroup(mesh: Mesh, jobId: string, faces: readonly number[]): Promise<void> {
  for (const stage of STAGES_OF_FACES)
    await publishAt(mesh, jobId, [stage, faces[0]!], groupAnswer(jobId, stage, faces));
}

/** As they answer at a redelivery. */
export async function answerSplit(mesh: Mesh, jobId: string, faces: readonly number[]): Promise<void> {
  const group = faces[0]!;
  for (const stage of STAGES_OF_FACES) {
    await publishAt(mesh, jobId, [stage, group], split(jobId, stage, group));
    for (const face of faces)
      await publishAt(mesh, jobId, [stage, group, face], answerOf(jobId, stage, face));
  }
}

/** As replicas of a version before there were groups answer. */
export async function answerSingly(mesh: Mesh, jobId: string, faces: readonly number[]): Promise<void> {
  for (const stage of STAGES_OF_FACES)
    for (const face of faces) await publishAt(mesh, jobId, [stage, face], answerOf(jobId, stage, face));
}

/** Six faces, in groups of four and two. */
export const GROUPS: readonly (readonly number[])[] = [
  [0, 1, 2, 3],
  [4, 5],
];

export const extractSix = (mesh: Mesh, jobId: string): Promise<void> => mesh.publish(extracted(jobId, 6));
