import { isJobId, jobAcceptedAtMs } from "@similarfaces/contracts/jobId";
import type { FailureJson } from "@similarfaces/contracts/job";
import { Match, Switch } from "solid-js";
import { Notice } from "../components/Notice";
import { formatMs, formatTime } from "../formats";
import { about } from "../installation";
import "./GoneJob.css";

/** A job that is not there (any more): when it went, and why. */
export function GoneJob(props: { jobId: string; failure: FailureJson; onChoosePhoto: () => void }) {
  const sentAtMs = () => jobAcceptedAtMs(props.jobId);
  const another = () => (
    <button class="button button-main" onClick={() => props.onChoosePhoto()}>
      Analyse another
    </button>
  );
  return (
    <div class="page gone">
      <h1 class="visually-hidden">This job is not there</h1>
      <Switch
        fallback={
          <Notice kind="bad" title="This job cannot be shown." actions={another()}>
            {props.failure.message}
          </Notice>
        }
      >
        <Match when={props.failure.code === "job_expired" && isJobId(props.jobId)}>
          <Notice title={goneTitle(sentAtMs(), about()?.retention.jobTtlMs)} actions={another()}>
            The photo was sent at {formatTime(sentAtMs())}. Photos and answers are kept
            {about() ? ` for ${formatMs(about()!.retention.jobTtlMs)}` : " for a short time"} and then
            deleted, so that nothing of anybody piles up here. Send the photo again to see its answers.
          </Notice>
        </Match>
        <Match when={props.failure.code === "job_deleted"}>
          <Notice title="This job was deleted on request." actions={another()}>
            The photo, its answers and everything made of them are gone.
          </Notice>
        </Match>
        <Match when={props.failure.code === "job_not_found"}>
          <Notice title="There is no such job." actions={another()}>
            The address may be incomplete: a job's id has 36 characters.
          </Notice>
        </Match>
      </Switch>
    </div>
  );
}

function goneTitle(sentAtMs: number, ttlMs: number | undefined): string {
  return ttlMs === undefined
    ? "This job has expired."
    : `This job expired and was deleted at ${formatTime(sentAtMs + ttlMs)}.`;
}
