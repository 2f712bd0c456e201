import { setImmediate } from "node:timers/promises";
import {
  FaceChipSchema,
  FaceWorkSchema,
  create,
  faceWorkSubject,
  groupsOf,
  stagesOfWork,
  toBinary,
  workMessageId,
  type Face,
  type FaceChip,
  type ImageWork,
} from "@similarfaces/contracts";
import type { WorkMessage } from "@similarfaces/runtime";
import type { Chips } from "./chips.js";
import type { PortraitOf } from "./portrait.js";

/**
 * One message per group of faces for the stages that read chips, their chips cut when it is asked for: the first is analysed while the next
 * is cut; their portraits with them, where portraits are given. None for faces that are skipped, and none where the job asked for none of
 * those stages.
 */
export async function* faceWork(
  { jobId, deadlineAtMs, stages, options, facesPerMessage }: ImageWork,
  faces: readonly Face[],
  chips: Chips,
  portraitOf?: PortraitOf,
): AsyncGenerator<WorkMessage> {
  if (stagesOfWork(stages, "face").length === 0) return;
  for (const group of groupsOf(faces, facesPerMessage || 1)) {
    const { index } = group[0]!;
    const message = create(FaceWorkSchema, {
      jobId,
      faces: await cut(group, chips, portraitOf),
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
  }
}

async function cut(group: readonly Face[], chips: Chips, portraitOf?: PortraitOf): Promise<FaceChip[]> {
  const cuts: FaceChip[] = [];
  for (const face of group) {
    const { index, box, landmarks } = face;
    const [chip, portrait] = await Promise.all([chips.chip(index), portraitOf?.(face)]);
    cuts.push(
      create(FaceChipSchema, {
        face: index,
        chip,
        ...(box ? { box } : {}),
        ...(landmarks ? { landmarks } : {}),
        ...(portrait ? { portrait } : {}),
      }),
    );
    // Half a millisecond of arithmetic per chip: let sockets and timers in between.
    await setImmediate();
  }
  return cuts;
}
