import { Show, createSignal } from "solid-js";
import { getJob } from "../api/jobs";
import { failureOf } from "../api/request";
import { Dialog } from "../components/Dialog";

/** Copies the address that shows the job to others, who can change nothing; where the browser keeps the clipboard, shows it. */
export function ShareJob(props: { jobId: string }) {
  const [words, setWords] = createSignal("Copy link");
  const [shown, setShown] = createSignal<string>();
  const copy = async () => {
    try {
      const { links } = await getJob(props.jobId);
      // A job of no key is shown by its own address.
      const address = new URL(links.share ?? `/jobs/${props.jobId}`, location.origin).href;
      await copied(address).then(
        () => setWords("Copied"),
        () => setShown(address),
      );
    } catch (error) {
      setWords(failureOf(error).code === "offline" ? "No connection" : "Not copied");
    }
    setTimeout(() => setWords("Copy link"), SHOWN_MS);
  };
  return (
    <>
      <button class="button" onClick={() => void copy()}>
        <span aria-live="polite">{words()}</span>
      </button>
      <Show when={shown()} keyed>
        {(address) => (
          <Dialog title="The link to this job" onClose={() => setShown(undefined)}>
            <label class="form-field">
              <span>Whoever has it sees the photo and the answers until they expire</span>
              <input
                class="input"
                readonly
                value={address}
                onFocus={(event) => event.currentTarget.select()}
              />
            </label>
          </Dialog>
        )}
      </Show>
    </>
  );
}

const SHOWN_MS = 2_000;

/** There is no clipboard on a page that came by plain HTTP from elsewhere. */
async function copied(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
