import { Show, createSignal } from "solid-js";
import { getJob } from "../api/jobs";
import { failureOf } from "../api/request";
import { Dialog } from "../components/Dialog";

/** Copies the address that shows the job to others, who can change nothing; where the browser keeps the clipboard, shows it. */
export function ShareJob(props: { jobId: string }) {
  const [words, setWords] = createSignal(SHARE);
  const [shown, setShown] = createSignal<string>();
  const copy = async () => {
    try {
      const { links } = await getJob(props.jobId);
      // A job of no key is shown by its own address.
      const address = new URL(links.share ?? `/jobs/${props.jobId}`, location.origin).href;
      await copied(address).then(
        () => setWords("Link copied"),
        () => setShown(address),
      );
    } catch (error) {
      setWords(failureOf(error).code === "offline" ? "No connection" : "Can't copy it");
    }
    setTimeout(() => setWords(SHARE), SHOWN_MS);
  };
  return (
    <>
      <button class="button" onClick={() => void copy()}>
        <span aria-live="polite">{words()}</span>
      </button>
      <Show when={shown()} keyed>
        {(address) => (
          <Dialog title="Link to this photo" onClose={() => setShown(undefined)}>
            <label class="form-field">
              <span>Anybody with this link can see the photo and its answers until they're deleted</span>
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

const SHARE = "Share";
const SHOWN_MS = 2_000;

/** There is no clipboard on a page that came by plain HTTP from elsewhere. */
async function copied(text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
}
