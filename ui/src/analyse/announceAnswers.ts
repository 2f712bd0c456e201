import type { JobState } from "@similarfaces/contracts/job";
import { createEffect, createMemo, on, type Accessor } from "solid-js";
import { announce } from "../announce";
import { counted } from "../formats";
import { faceSentence, isSettled } from "./faceWords";

/** Of more faces than this only the number is announced. */
const ANNOUNCED_FACES_MAX = 6;

/** Announces how many faces there are, then each face once, when all of its fields are known, by its number in that order. */
export function announceAnswers(
  job: Accessor<JobState | undefined>,
  order: Accessor<readonly number[]>,
): void {
  const announced = new Set<number>();
  const faces = () => job()?.faces ?? [];
  const say = (text: string) => announce(text, job()?.jobId);
  // Every result makes another job; only a change of these is news.
  const extract = createMemo(() => job()?.extract.state);
  const state = createMemo(() => job()?.state);
  createEffect(
    on(extract, (state) => {
      if (state === "done")
        say(faces().length === 0 ? "No face found." : `${counted(faces().length, "face")} found.`);
      if (state === "failed") say("The photo can't be analysed.");
    }),
  );
  createEffect(() => {
    if (faces().length > ANNOUNCED_FACES_MAX) return;
    for (const face of faces()) {
      if (announced.has(face.index) || !isSettled(face)) continue;
      announced.add(face.index);
      say(`${faces().length > 1 ? `Face ${order().indexOf(face.index) + 1}: ` : ""}${faceSentence(face)}`);
    }
  });
  createEffect(
    on(state, (state) => {
      if (state === "complete" && faces().length > ANNOUNCED_FACES_MAX) {
        say(`All answers for ${faces().length} faces are in.`);
      }
    }),
  );
}
