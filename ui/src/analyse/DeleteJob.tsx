import type { FailureJson } from "@similarfaces/contracts/job";
import { Show, createSignal } from "solid-js";
import { isGone } from "../api/jobs";
import { failureOf } from "../api/request";
import { Dialog } from "../components/Dialog";
import { Notice } from "../components/Notice";
import type { Job } from "../jobs/createJob";

/** The question before everything of a job is deleted; its answer is the receipt. */
export function DeleteJob(props: { job: Job; onClose: () => void }) {
  const [isDeleting, setIsDeleting] = createSignal(false);
  const [failure, setFailure] = createSignal<FailureJson>();
  const remove = async () => {
    setIsDeleting(true);
    try {
      await props.job.delete();
      props.onClose();
    } catch (error) {
      setFailure(failureOf(error));
      setIsDeleting(false);
    }
  };
  return (
    <Dialog
      title="Delete this photo?"
      onClose={props.onClose}
      actions={
        <>
          <button class="button" onClick={() => props.onClose()}>
            Keep it
          </button>
          <button class="button button-bad" disabled={isDeleting()} onClick={() => void remove()}>
            {isDeleting() ? "Deleting" : "Delete now"}
          </button>
        </>
      }
    >
      <p>
        The photo and all its answers are deleted right away, for everybody who has the link. Anything you
        added to the gallery stays there.
      </p>
      <Show when={failure()} keyed>
        {(why) => (
          <Notice kind="bad" title={isGone(why) ? "It's already gone." : "It wasn't deleted."}>
            {why.message}
          </Notice>
        )}
      </Show>
    </Dialog>
  );
}
