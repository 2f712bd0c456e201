import { isJobId, jobAcceptedAtMs } from "@similarfaces/contracts/jobId";
import type { FailureJson } from "@similarfaces/contracts/job";
import { Match, Switch } from "solid-js";
import { Notice } from "../components/Notice";
import { durationWords, formatTime } from "../formats";
import { about } from "../installation";
import "./GoneJob.css";

/** A photo that is not there (any more): when it went, and why. */
export function GoneJob(props: { jobId: string; failure: FailureJson; onChoosePhoto: () => void }) {
  const sentAtMs = () => jobAcceptedAtMs(props.jobId);
  const another = () => (
    <button class="button button-main" onClick={() => props.onChoosePhoto()}>
      Analyse another
    </button>
  );
  return (
    <div class="page gone">
      <h1 class="visually-hidden">This photo isn't here</h1>
      <Switch
        fallback={
          <Notice kind="bad" title="Can't show this photo." actions={another()}>
            {props.failure.message}
          </Notice>
        }
      >
        <Match when={props.failure.code === "job_expired" && isJobId(props.jobId)}>
          <Notice title={goneTitle(sentAtMs(), about()?.retention.jobTtlMs)} actions={another()}>
            It was sent at {formatTime(sentAtMs())}. Photos and answers are only kept
            {about() ? ` for ${durationWords(about()!.retention.jobTtlMs)}` : " for a short time"}. To see the
            answers again, send the photo again.
          </Notice>
        </Match>
        <Match when={props.failure.code === "job_deleted"}>
          <Notice title="This photo has been deleted." actions={another()}>
            Somebody asked for that. The photo and all its answers are gone for good.
          </Notice>
        </Match>
        <Match when={props.failure.code === "job_not_found"}>
          <Notice title="There's no photo at this link." actions={another()}>
            Part of the link may be missing. Check that you copied all of it.
          </Notice>
        </Match>
      </Switch>
    </div>
  );
}

function goneTitle(sentAtMs: number, ttlMs: number | undefined): string {
  return ttlMs === undefined
    ? "This photo's time was up."
    : `This photo's time was up: it was deleted at ${formatTime(sentAtMs + ttlMs)}.`;
}
