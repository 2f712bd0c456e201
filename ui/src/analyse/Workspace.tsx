import type { JobState } from "@similarfaces/contracts/job";
import { Match, Show, Switch, createMemo, createSignal, mapArray } from "solid-js";
import { photoUrl } from "../api/jobs";
import { jobOf, type Job } from "../jobs/createJob";
import type { Shot } from "../jobs/visit";
import { createJobPhoto } from "../portraits/jobPhoto";
import { isGuest } from "../shares";
import { AnswersPanel } from "./AnswersPanel";
import { Boxes } from "./Boxes";
import { DeleteJob } from "./DeleteJob";
import { GoneJob } from "./GoneJob";
import { Photo } from "./Photo";
import { Receipt } from "./Receipt";
import { SendingBar } from "./SendingBar";
import { SendingPanel } from "./SendingPanel";
import { Waterfall } from "./Waterfall";
import { announceAnswers } from "./announceAnswers";
import { createChoice } from "./choice";
import { keepFaceInAddress } from "./faceAddress";
import { faceAt } from "./facesInFrame";
import { onKeys } from "./keys";
import { createReadingOrder } from "./readingOrder";
import { turnedFace } from "./upright";
import type { Wait } from "./waterfall";
import "./Workspace.css";

export interface WorkspaceProps {
  /** The photo, where it is one of this visit. */
  shot: Shot | undefined;
  /** The job, once the photo has become one. */
  jobId: string | undefined;
  onChoosePhoto: () => void;
}

/** A finger is no pointer: beside a face is meant to be on it. */
const TAP_REACH_PX = 24;

/** The light table: the photo and what is drawn on it, the answers beside it, the clock below. */
export function Workspace(props: WorkspaceProps) {
  const job = createMemo((): Job | undefined => (props.jobId === undefined ? undefined : jobOf(props.jobId)));
  const state = (): JobState | undefined => job()?.state();
  const faces = () => state()?.faces ?? [];
  const choice = createChoice();
  const [isAsking, setIsAsking] = createSignal(false);
  const [isTurnedBack, setIsTurnedBack] = createSignal(false);

  const isGone = () => job()?.failure() !== undefined && state()?.state === "unknown";
  const isDeleted = () => state()?.state === "deleted";
  /** The indices of the faces as they are read, whose places are their numbers. */
  const order = createReadingOrder(state);
  const chosenFace = () => faces().find(({ index }) => index === choice.chosen());
  const size = createMemo(() => sizeOf(state()));
  const turn = createMemo(() => (isTurnedBack() ? 0 : turnedBy(state())));
  /** Where they are on the photo as it is shown; each is turned once. */
  const turned = createMemo(() => {
    const [photo, degrees] = [size(), turn()];
    return photo && degrees > 0
      ? createMemo(mapArray(faces, (face) => turnedFace(face, photo, degrees)))
      : faces;
  });
  const shownFaces = () => turned()();
  const isRefused = () => props.shot?.step.at === "refused";
  // The visitor's own bytes at once; the server's copy, for who has only the address, when `extract` has made it.
  const source = createMemo(() => {
    if (props.shot?.preview) return isRefused() ? undefined : props.shot.preview;
    return props.jobId !== undefined && size() ? photoUrl(props.jobId) : undefined;
  });
  const facePhoto = createJobPhoto(job);
  const wait = createMemo((): Wait | undefined => {
    const givenAtMs = props.shot?.givenAtMs;
    return givenAtMs === undefined ? undefined : { givenAtMs, received: job()?.received() ?? {} };
  });
  const uploadMs = () => (props.shot?.step.at === "sent" ? props.shot.step.uploadMs : undefined);

  keepFaceInAddress(choice, () => props.jobId !== undefined, faces);
  announceAnswers(state, order);

  const askToDelete = () => job() && !isGuest(job()!.jobId) && !isDeleted() && !isGone() && setIsAsking(true);
  const step = (by: 1 | -1) => (event: KeyboardEvent) => {
    if (faces().length === 0) return;
    event.preventDefault();
    choice.step(by, order());
    document
      .querySelector<HTMLElement>(`[data-face="${choice.chosen()}"] .face-name`)
      ?.focus({ preventScroll: true });
  };
  onKeys({
    ArrowLeft: step(-1),
    ArrowRight: step(1),
    Enter(event) {
      const target = event.target as HTMLElement;
      // A button or link is what Enter presses, but for the name of a face, which stands for its card.
      if (faces().length === 0 || (!target.matches(".face-name") && target.closest("a, button, summary")))
        return;
      event.preventDefault();
      choice.toggle(choice.chosen());
    },
    Delete: askToDelete,
    // The key of that name on a Mac.
    Backspace: askToDelete,
  });

  return (
    <Switch
      fallback={
        <div class="workspace">
          <div class="workspace-photo">
            <Photo
              src={source()}
              alt="The photo"
              size={size()}
              turned={turnedBy(state())}
              isTurnedBack={isTurnedBack()}
              onTurn={() => setIsTurnedBack((isBack) => !isBack)}
              onTap={(at, scale) => {
                const face = faceAt(shownFaces(), at, TAP_REACH_PX * scale);
                if (face !== undefined) choice.choose(face);
              }}
              focusBox={faces().length > 0 ? chosenFace()?.box : undefined}
            >
              {(placement, photo, frame) => (
                <Boxes
                  faces={shownFaces()}
                  order={order()}
                  choice={choice}
                  placement={placement()}
                  photo={photo()}
                  frame={frame()}
                />
              )}
            </Photo>
            <SendingBar step={props.shot?.step} />
          </div>
          <Show
            when={job()}
            keyed
            fallback={
              <Show when={props.shot} keyed>
                {(shot) => <SendingPanel shot={shot} onChoosePhoto={props.onChoosePhoto} />}
              </Show>
            }
          >
            {(known) => (
              <AnswersPanel
                job={known}
                photo={facePhoto()}
                order={order()}
                choice={choice}
                onDelete={() => setIsAsking(true)}
                onChoosePhoto={props.onChoosePhoto}
              />
            )}
          </Show>
          <Show when={!isRefused()}>
            <Waterfall
              job={state()}
              face={choice.chosen()}
              faceNumber={order().indexOf(choice.chosen()) + 1}
              wait={wait()}
              uploadMs={uploadMs()}
            />
          </Show>
          <Show when={isAsking() && job()} keyed>
            {(asked) => <DeleteJob job={asked} onClose={() => setIsAsking(false)} />}
          </Show>
        </div>
      }
    >
      <Match when={isGone() && job()} keyed>
        {(gone) => (
          <GoneJob jobId={gone.jobId} failure={gone.failure()!} onChoosePhoto={props.onChoosePhoto} />
        )}
      </Match>
      <Match when={isDeleted() && job()} keyed>
        {(deleted) => (
          <Receipt
            receipt={deleted.receipt()}
            deletedAtMs={deleted.state().deletedAtMs ?? 0}
            onChoosePhoto={props.onChoosePhoto}
          />
        )}
      </Match>
    </Switch>
  );
}

function sizeOf(job: JobState | undefined) {
  return job?.extract.state === "done" ? job.extract.value.size : undefined;
}

function turnedBy(job: JobState | undefined): number {
  return job?.extract.state === "done" ? job.extract.value.turned : 0;
}
