import { createMemo, type Accessor } from "solid-js";
import { photoUrl } from "../api/jobs";
import type { Job } from "../jobs/createJob";
import { fileOfJob } from "../jobs/visit";
import { FacePhoto } from "./facePhoto";

/** The photo of a job, to cut its faces from: the page's own file while it has it, else the server's; undefined until the faces are known. */
export function createJobPhoto(job: Accessor<Job | undefined>): Accessor<FacePhoto | undefined> {
  // Of every job that results make, `extract` stays the same once it is done.
  const extracted = createMemo(() => {
    const extract = job()?.state().extract;
    return extract?.state === "done" ? extract.value : undefined;
  });
  return createMemo(() => {
    const known = extracted();
    const jobId = job()?.jobId;
    if (!known || jobId === undefined) return undefined;
    return new FacePhoto(known, fileOfJob(jobId), photoUrl(jobId));
  });
}
