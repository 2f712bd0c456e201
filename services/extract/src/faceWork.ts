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
 * One message per face for the stages that read chips, its chip cut when it is asked for: the first is analysed while the
 * next is cut. None where the job asked for none of those stages.
 */
export async function* faceWork(
  { jobId, deadlineAtMs, stages, options }: ImageWork,
  faces: readonly Face[],
  chips: Chips,
): AsyncGenerator<WorkMessage> {
  const sources: Readonly<Record<string, string>> = SOURCE_OF;
  if (!stages.some((stage) => sources[stage] === "extract")) return;
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
    yield {
      subject: faceWorkSubject(jobId, index),
      data: toBinary(FaceWorkSchema, message),
      messageId: workMessageId(jobId, "face", index),
    };
    // Half a millisecond of arithmetic per chip: let sockets and timers in between.
    await setImmediate();
  }
}
