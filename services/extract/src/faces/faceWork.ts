import { setImmediate } from "node:timers/promises";
import {
  CHIP_SIDE,
  FaceWorkSchema,
  create,
  faceWorkSubject,
  stagesOfWork,
  toBinary,
  workMessageId,
  type Face,
  type ImageWork,
} from "@similarfaces/contracts";
import type { WorkMessage } from "@similarfaces/runtime";
import type { Chips } from "./chips.js";

/**
 * One message per face for the stages that read chips, its chip cut when it is asked for: the first is analysed while the
 * next is cut. None for faces that are skipped, and none where the job asked for none of those stages.
 */
export async function* faceWork(
  { jobId, deadlineAtMs, stages, options }: ImageWork,
  faces: readonly Face[],
  chips: Chips,
): AsyncGenerator<WorkMessage> {
  if (stagesOfWork(stages, "face").length === 0) return;
  for (const { index, box, landmarks } of faces.filter(({ skipped }) => !skipped)) {
    const message = create(FaceWorkSchema, {
      jobId,
      faces: [
        {
          face: index,
          chip: await chips.chip(index),
          ...(box ? { box } : {}),
          ...(landmarks ? { landmarks } : {}),
        },
      ],
      chipSide: CHIP_SIDE,
      deadlineAtMs,
      stages,
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
