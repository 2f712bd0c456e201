import type { JobState } from "@similarfaces/contracts/job";
import { readingOrder } from "@similarfaces/contracts/readingOrder";
import { createMemo, type Accessor } from "solid-js";

/** The indices of a job's faces in the order in which people read them; empty until `extract` has said where they are. */
export function createReadingOrder(job: Accessor<JobState | undefined>): Accessor<readonly number[]> {
  // Of every job that results make, `extract` stays the same once it is done.
  const extracted = createMemo(() => {
    const extract = job()?.extract;
    return extract?.state === "done" ? extract.value : undefined;
  });
  return createMemo(() => {
    const known = extracted();
    return known ? readingOrder(known) : [];
  });
}
