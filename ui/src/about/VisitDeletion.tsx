import { Show, createSignal } from "solid-js";
import { announce } from "../announce";
import { ApiFailure } from "../api/request";
import { Dialog } from "../components/Dialog";
import { counted } from "../formats";
import { jobOf, type Job } from "../jobs/createJob";
import { shots } from "../jobs/visit";

interface Removed {
  jobs: number;
  answers: number;
  pictures: number;
  /** Why some are still there. */
  failure?: string;
}

/** Everything that was sent in this visit, deleted at once. */
export function VisitDeletion() {
  const [isAsked, setAsked] = createSignal(false);
  const [isBusy, setBusy] = createSignal(false);
  const [removed, setRemoved] = createSignal<Removed>();
  const jobs = (): Job[] =>
    shots()
      .flatMap(({ step }) => (step.at === "sent" ? [jobOf(step.jobId)] : []))
      .filter((job) => job.state().state !== "deleted" && !job.failure());
  const remove = async () => {
    setBusy(true);
    const total: Removed = { jobs: 0, answers: 0, pictures: 0 };
    for (const job of jobs()) {
      try {
        await job.delete();
        const stores = job.receipt()?.stores ?? [];
        const found = (name: string) => stores.find(({ store }) => store === name)?.found ?? 0;
        total.jobs++;
        total.answers += found("results");
        total.pictures += found("blobs");
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        // What has expired is gone, which is what was wanted.
        if (error.retryable) total.failure = error.message;
      }
    }
    setRemoved(total);
    setBusy(false);
    setAsked(false);
    announce(words(total));
  };
  return (
    <>
      <Show when={jobs().length > 0}>
        <p class="visit-deletion">
          <button class="button button-bad" onClick={() => setAsked(true)}>
            {jobs().length === 1
              ? "Delete the photo from this visit"
              : `Delete all ${jobs().length.toLocaleString()} photos from this visit`}
          </button>
        </p>
      </Show>
      <Show when={removed()} keyed>
        {(total) => (
          <p class="visit-deletion">
            <strong>{words(total)}</strong>
          </p>
        )}
      </Show>
      <Show when={isAsked()}>
        <Dialog
          title="Delete everything from this visit?"
          onClose={() => setAsked(false)}
          actions={
            <>
              <button class="button" onClick={() => setAsked(false)}>
                Keep it
              </button>
              <button class="button button-bad" disabled={isBusy()} onClick={() => void remove()}>
                {isBusy() ? "Deleting" : "Delete all now"}
              </button>
            </>
          }
        >
          <p>
            {counted(jobs().length, "photo")} and all the answers are deleted right away. Anything you added
            to the gallery stays there.
          </p>
        </Dialog>
      </Show>
    </>
  );
}

function words({ jobs, answers, pictures, failure }: Removed): string {
  const done = `${counted(jobs, "photo has", "photos have")} been deleted, with ${counted(answers, "answer")} and ${counted(pictures, "picture")}.`;
  return failure ? `${done} Something is still there: ${failure}` : done;
}
