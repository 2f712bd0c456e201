import { Match, Show, Switch } from "solid-js";
import { Notice } from "../components/Notice";
import { formatBytes } from "../formats";
import { removeShot, type Shot } from "../jobs/visit";
import { navigate } from "../router";
import { CardSkeleton } from "./CardSkeleton";
import { Photo } from "./Photo";
import "./Sending.css";

/** A photo that is not a job yet: shown at once, with how much of it has been sent. */
export function Sending(props: { shot: Shot; onChoosePhoto: () => void }) {
  const step = () => props.shot.step;
  const sending = () => {
    const now = step();
    return now.at === "sending" ? now : undefined;
  };
  const refused = () => {
    const now = step();
    return now.at === "refused" ? now.refusal : undefined;
  };
  const waiting = () => {
    const now = step();
    return now.at === "waiting" ? now.failure : undefined;
  };
  const drop = () => {
    removeShot(props.shot.id);
    navigate("/", { replace: true });
  };
  return (
    <div class="workspace">
      <div class="workspace-photo">
        <Photo src={refused() ? undefined : props.shot.preview} alt="The photo" size={undefined} />
        <Show when={sending()}>
          {(sent) => (
            <progress
              class="sending-bar"
              aria-label="Sent"
              max={sent().totalBytes}
              value={sent().sentBytes}
            />
          )}
        </Show>
      </div>
      <section class="workspace-panel" aria-label="Answers">
        <div class="workspace-head">
          <h1>
            <Switch fallback="Getting ready">
              <Match when={refused()}>Not taken</Match>
              <Match when={step().at === "queued"}>Queued</Match>
              <Match when={sending()}>Sending</Match>
              <Match when={waiting()}>Waiting</Match>
            </Switch>
          </h1>
          <p class="workspace-meta small quiet">
            <Show when={sending()}>
              {(sent) => `${formatBytes(sent().sentBytes)} of ${formatBytes(sent().totalBytes)}`}
            </Show>
          </p>
          <Show when={!refused()}>
            <button class="button" onClick={drop}>
              Cancel
            </button>
          </Show>
        </div>
        <div class="workspace-notices">
          <Show when={refused()}>
            {(refusal) => (
              <Notice
                kind="bad"
                title={refusal().title}
                actions={
                  <>
                    <button class="button button-main" onClick={() => props.onChoosePhoto()}>
                      Choose another photo
                    </button>
                    <button class="button" onClick={drop}>
                      Remove
                    </button>
                  </>
                }
              >
                {refusal().help}
              </Notice>
            )}
          </Show>
          <Show when={waiting()}>
            {(failure) => (
              <Notice title="The photo could not be sent yet.">
                {failure().message} It is sent again by itself; keep this page open.
              </Notice>
            )}
          </Show>
        </div>
        <CardSkeleton isShown={!refused()} />
      </section>
    </div>
  );
}
