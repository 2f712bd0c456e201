import { setImmediate } from "node:timers/promises";
import {
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
import type { PortraitOf } from "./portrait.js";

/**
 * One message per face for the stages that read chips, its chip cut when it is asked for: the first is analysed while the
 * next is cut; its portrait with it, where portraits are given. None for faces that are skipped, and none where the job asked for none of those stages.
 */
export async function* faceWork(
  { jobId, deadlineAtMs, stages, options }: ImageWork,
  faces: readonly Face[],
  chips: Chips,
  portraitOf?: PortraitOf,
): AsyncGenerator<WorkMessage> {
  if (stagesOfWork(stages, "face").length === 0) return;
  for (const face of faces.filter(({ skipped }) => !skipped)) {
    const { index, box, landmarks } = face;
    const [chip, portrait] = await Promise.all([chips.chip(index), portraitOf?.(face)]);
    const message = create(FaceWorkSchema, {
      jobId,
      faces: [
        {
          face: index,
          chip,
          ...(box ? { box } : {}),
          ...(landmarks ? { landmarks } : {}),
          ...(portrait ? { portrait } : {}),
        },
      ],
      chipSide: chips.side,
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
