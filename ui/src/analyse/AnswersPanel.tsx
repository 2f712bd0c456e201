import type { FailureJson } from "@similarfaces/contracts/job";
import { Match, Show, Switch, type JSX } from "solid-js";
import { Notice } from "../components/Notice";
import { counted } from "../formats";
import type { Job } from "../jobs/createJob";
import { link } from "../live/link";
import type { FacePhoto } from "../portraits/facePhoto";
import { isGuest } from "../shares";
import { CardSkeleton } from "./CardSkeleton";
import { Expiry } from "./Expiry";
import { FaceList } from "./FaceList";
import { ShareJob } from "./ShareJob";
import { createCardStages } from "./cardStages";
import type { Choice } from "./choice";

export interface AnswersPanelProps {
  job: Job;
  /** What its faces are cut from. */
  photo: FacePhoto | undefined;
  /** The indices of its faces as they are read. */
  order: readonly number[];
  choice: Choice;
  onDelete: () => void;
  onChoosePhoto: () => void;
}

/** How many faces there are, what went wrong if anything did, and one card per face. */
export function AnswersPanel(props: AnswersPanelProps) {
  const state = () => props.job.state();
  const extract = () => state().extract;
  const faces = () => state().faces;
  const facesRead = () => props.order.flatMap((index) => faces().filter((face) => face.index === index));
  const stages = createCardStages(() => state().accepted);
  const failure = (): FailureJson | undefined => {
    const field = extract();
    return field.state === "failed" ? field.failure : undefined;
  };
  const headline = () => {
    if (extract().state === "pending") return "Looking for faces";
    if (extract().state !== "done") return "Can't analyse this";
    return faces().length === 0 ? "No face found" : counted(faces().length, "face");
  };
  const Bad = (bad: { title: string; children: JSX.Element }) => (
    <Notice
      kind="bad"
      title={bad.title}
      actions={
        <button class="button" onClick={() => props.onChoosePhoto()}>
          Analyse another
        </button>
      }
    >
      {bad.children}
    </Notice>
  );

  return (
    <section class="workspace-panel" aria-label="Answers">
      <div class="workspace-head">
        <h1>{headline()}</h1>
        <p class="workspace-meta small quiet">
          <Expiry accepted={state().accepted} />
        </p>
        <Show when={!isGuest(props.job.jobId)}>
          <div class="workspace-actions">
            <ShareJob jobId={props.job.jobId} />
            <button class="button button-plain quiet" onClick={() => props.onDelete()}>
              Delete
            </button>
          </div>
        </Show>
      </div>
      <div class="workspace-notices">
        <Show when={state().state !== "complete" && link() === "offline"}>
          <Notice title="You're not connected to the server.">
            Nothing is lost. The answers are waiting there, and appear when you're connected again.
          </Notice>
        </Show>
        <Show when={props.job.failure()} keyed>
          {(gone) => <Notice title="The server doesn't have this photo any more.">{gone.message}</Notice>}
        </Show>
        <Switch>
          <Match when={failure()} keyed>
            {(why) => <Bad title="Can't analyse this photo.">{why.message}</Bad>}
          </Match>
          <Match when={extract().state === "expired"}>
            <Bad title="This took too long.">
              The server is too busy, or part of it is down. Please send the photo again.
            </Bad>
          </Match>
          <Match when={extract().state === "done" && faces().length === 0}>
            <Notice
              title="There's no face in this photo."
              actions={
                <button class="button" onClick={() => props.onChoosePhoto()}>
                  Analyse another
                </button>
              }
            >
              At least, none that could be found. A face has to be about 20 pixels wide, and dark, blurred,
              covered or turned-away faces are easily missed.
            </Notice>
          </Match>
        </Switch>
        <Show when={state().facesOmitted > 0}>
          <Notice title={`${counted(state().facesOmitted, "more face")} in this photo.`}>
            Only the {faces().length} largest are analysed.
          </Notice>
        </Show>
      </div>
      <Show
        when={faces().length > 0}
        fallback={<CardSkeleton isShown={extract().state === "pending"} stages={stages()} />}
      >
        <FaceList
          jobId={props.job.jobId}
          photo={props.photo}
          faces={facesRead()}
          stages={stages()}
          isRunning={state().state === "running"}
          choice={props.choice}
        />
      </Show>
    </section>
  );
}
