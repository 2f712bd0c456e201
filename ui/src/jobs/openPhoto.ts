import { createEffect, createRoot, createSignal } from "solid-js";
import { address, route } from "../router";
import { jobOf } from "./createJob";
import { addressOf, shots, shownShot } from "./visit";

/** The photo that was on screen last: one of this visit, or a job that somebody's link led to. */
interface Left {
  address: string;
  shotId: number | undefined;
  jobId: string | undefined;
}

const [left, setLeft] = createSignal<Left>();

createRoot(() =>
  createEffect(() => {
    const here = route();
    if (here.page !== "analyse") return;
    const shotId = shownShot()?.id;
    const { jobId } = here;
    const isPhoto = shotId !== undefined || jobId !== undefined;
    setLeft(isPhoto ? { address: address(), shotId, jobId } : undefined);
  }),
);

/** Where "Analyse" leads: to the photo that was open, with its chosen face, or to the start where there is none (any more). */
export function openPhoto(): string {
  const last = left();
  if (!last) return "/";
  const { shotId, jobId } = last;
  if (jobId !== undefined) return isThere(jobId) ? last.address : "/";
  // It may have become a job while nobody looked.
  return shots().some(({ id }) => id === shotId) ? addressOf(shotId!) : "/";
}

function isThere(jobId: string): boolean {
  const { state, failure } = jobOf(jobId);
  return failure() === undefined && state().state !== "deleted";
}
