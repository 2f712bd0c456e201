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
    if (extract().state !== "done") return "Not analysed";
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
            <button class="button" onClick={() => props.onDelete()}>
              Delete now
            </button>
          </div>
        </Show>
      </div>
      <div class="workspace-notices">
        <Show when={state().state !== "complete" && link() === "offline"}>
          <Notice title="No connection to the server.">
            Nothing is lost: the answers are kept there, and come as soon as it is reached again.
          </Notice>
        </Show>
        <Show when={props.job.failure()} keyed>
          {(gone) => <Notice title="The server no longer has this job.">{gone.message}</Notice>}
        </Show>
        <Switch>
          <Match when={failure()} keyed>
            {(why) => <Bad title="This photo could not be analysed.">{why.message}</Bad>}
          </Match>
          <Match when={extract().state === "expired"}>
            <Bad title="The photo was not analysed in time.">
              Too much was waiting, or a part of the system is down. Send it again.
            </Bad>
          </Match>
          <Match when={extract().state === "done" && faces().length === 0}>
            <Notice
              title="No face was found in this photo."
              actions={
                <button class="button" onClick={() => props.onChoosePhoto()}>
                  Analyse another
                </button>
              }
            >
              Faces are found from about 20 pixels across. Very dark, blurred, covered or turned-away faces
              are missed.
            </Notice>
          </Match>
        </Switch>
        <Show when={state().facesOmitted > 0}>
          <Notice title={`${counted(state().facesOmitted, "more face was", "more faces were")} seen.`}>
            Of one photo the {faces().length} largest faces are analysed.
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
          choice={props.choice}
        />
      </Show>
    </section>
  );
}
