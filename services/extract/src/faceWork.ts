import { setImmediate } from "node:timers/promises";
import {
  FaceWorkSchema,
  SOURCE_OF,
  create,
  faceWorkSubject,
  toBinary,
  workMessageId,
  type Face,
  type ImageWork,
} from "@similarfaces/contracts";
import type { WorkMessage } from "@similarfaces/runtime";
import type { Chips } from "./chips.js";

/**
 * One message per face for the stages that read chips; none where the job asked for none of them.
 */
export async function faceWork(
  { jobId, deadlineAtMs, stages, options }: ImageWork,
  faces: readonly Face[],
  chips: Chips,
): Promise<WorkMessage[]> {
  const sources: Readonly<Record<string, string>> = SOURCE_OF;
  if (!stages.some((stage) => sources[stage] === "extract")) return [];
  const work: WorkMessage[] = [];
  for (const { index, box, landmarks } of faces) {
    const message = create(FaceWorkSchema, {
      jobId,
      face: index,
      chip: await chips.chip(index),
      deadlineAtMs,
      stages,
      ...(box ? { box } : {}),
      ...(landmarks ? { landmarks } : {}),
      ...(options ? { options } : {}),
    });
    work.push({
      subject: faceWorkSubject(jobId, index),
      data: toBinary(FaceWorkSchema, message),
      messageId: workMessageId(jobId, "face", index),
    });
    // Half a millisecond of arithmetic per chip: let sockets and timers in between.
    await setImmediate();
  }
  return work;
}
