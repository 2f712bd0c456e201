import { Match, Show, Switch } from "solid-js";
import { Notice } from "../components/Notice";
import { formatBytes } from "../formats";
import { removeShot, type Shot } from "../jobs/visit";
import { navigate } from "../router";
import { CardSkeleton } from "./CardSkeleton";
import { createCardStages } from "./cardStages";

/** A photo that is not a job yet: how much of it is sent, or why it is not. */
export function SendingPanel(props: { shot: Shot; onChoosePhoto: () => void }) {
  const step = () => props.shot.step;
  const stages = createCardStages(() => undefined);
  const sending = () => {
    const now = step();
    return now.at === "sending" ? now : undefined;
  };
  const refusal = () => {
    const now = step();
    return now.at === "refused" ? now.refusal : undefined;
  };
  const waiting = () => {
    const now = step();
    return now.at === "waiting" ? now.failure : undefined;
  };
  const remove = () => {
    removeShot(props.shot.id);
    navigate("/", { replace: true });
  };
  return (
    <section class="workspace-panel" aria-label="Answers">
      <div class="workspace-head">
        <h1>
          <Switch fallback="Getting ready">
            <Match when={refusal()}>Can't use this file</Match>
            <Match when={step().at === "queued"}>Waiting its turn</Match>
            <Match when={sending()}>Sending</Match>
            <Match when={waiting()}>Trying again</Match>
          </Switch>
        </h1>
        <p class="workspace-meta small quiet">
          <Show when={sending()}>
            {formatBytes(sending()?.sentBytes ?? 0)} of {formatBytes(sending()?.totalBytes ?? 0)}
          </Show>
        </p>
        <Show when={!refusal()}>
          <button class="button" onClick={remove}>
            Cancel
          </button>
        </Show>
      </div>
      <div class="workspace-notices">
        <Show when={refusal()} keyed>
          {(why) => (
            <Notice
              kind="bad"
              title={why.title}
              actions={
                <>
                  <button class="button button-main" onClick={() => props.onChoosePhoto()}>
                    Choose another photo
                  </button>
                  <button class="button" onClick={remove}>
                    Remove
                  </button>
                </>
              }
            >
              {why.help}
            </Notice>
          )}
        </Show>
        <Show when={waiting()} keyed>
          {(failure) => (
            <Notice title="Can't send the photo yet.">
              {failure.message} It's sent as soon as that works; keep this page open.
            </Notice>
          )}
        </Show>
      </div>
      <CardSkeleton isShown={!refusal()} stages={stages()} />
    </section>
  );
}
