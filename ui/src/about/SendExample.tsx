import { Match, Switch, createSignal, onCleanup } from "solid-js";
import { fetchPicture } from "../api/installation";
import { uploadPhoto } from "../api/jobs";
import { failureOf } from "../api/request";
import { Link } from "../components/Link";
import exampleUrl from "../../../models/samples/photos/group-18.jpg";

/** A photo of nobody for whoever wants to see the diagram at work. */
export function SendExample() {
  const [state, setState] = createSignal<
    { at: "ready" } | { at: "sending" } | { at: "sent"; jobId: string } | { at: "refused"; why: string }
  >({ at: "ready" });
  const abort = new AbortController();
  onCleanup(() => abort.abort());
  const send = async () => {
    setState({ at: "sending" });
    try {
      const photo = await fetchPicture(exampleUrl);
      const { jobId } = await uploadPhoto(photo, { signal: abort.signal, onProgress: () => {} });
      setState({ at: "sent", jobId });
    } catch (error) {
      if (!abort.signal.aborted) setState({ at: "refused", why: failureOf(error).message });
    }
  };
  const jobId = () => {
    const now = state();
    return now.at === "sent" ? now.jobId : undefined;
  };
  const why = () => {
    const now = state();
    return now.at === "refused" ? now.why : undefined;
  };
  return (
    <p class="send-example">
      <button class="button" disabled={state().at === "sending"} onClick={() => void send()}>
        Send an example through
      </button>
      <span class="small quiet" role="status">
        <Switch fallback="A photo of 18 faces, each a blend of many people: nobody in it is real.">
          <Match when={jobId()} keyed>
            {(id) => (
              <>
                18 faces are on their way. <Link href={`/jobs/${id}`}>See the answers</Link>
              </>
            )}
          </Match>
          <Match when={why()}>{why()}</Match>
        </Switch>
      </span>
    </p>
  );
}
