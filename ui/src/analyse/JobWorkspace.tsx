import { Match, Show, Switch, createEffect, createMemo, createSignal, on } from "solid-js";
import { announce } from "../announce";
import { photoUrl } from "../api";
import { Notice } from "../components/Notice";
import { counted } from "../formats";
import { jobOf } from "../jobs/createJob";
import { removeShot, shotOfJob } from "../jobs/visit";
import { link } from "../live";
import { Boxes } from "./Boxes";
import { DeleteJob } from "./DeleteJob";
import { Expiry } from "./Expiry";
import { FaceList } from "./FaceList";
import { CardSkeleton } from "./CardSkeleton";
import { GoneJob } from "./GoneJob";
import { Photo } from "./Photo";
import { Receipt } from "./Receipt";
import { Waterfall } from "./Waterfall";
import { createChoice } from "./choice";
import { faceSentence, isSettled } from "./faceSentence";
import { onKeys } from "./keys";

/** More faces are announced as a number: nobody listens to thirty sentences. */
const ANNOUNCED_FACES_MAX = 6;

/** A job on the light table: photo and boxes, one card per face, the clock below. */
export function JobWorkspace(props: { jobId: string; onChoosePhoto: () => void }) {
  const job = jobOf(props.jobId);
  const shot = () => shotOfJob(props.jobId);
  const choice = createChoice();
  const [isAsking, setIsAsking] = createSignal(false);

  const faces = () => job.state().faces;
  const extract = () => job.state().extract;
  const isDeleted = () => job.state().state === "deleted";
  const chosenFace = () => faces().find(({ index }) => index === choice.chosen());
  const isRunning = () => job.state().state === "running";
  const isGone = () => job.failure() !== undefined && job.state().state === "unknown";
  // The server's copy is there once `extract` has answered; until then, and for the visitor who sent it, the photo itself.
  const source = createMemo(
    () => shot()?.preview ?? (extract().state === "done" ? photoUrl(props.jobId) : undefined),
  );

  announceResults();
  createEffect(() => {
    const deleted = isDeleted() ? shot() : undefined;
    if (deleted) removeShot(deleted.id);
  });

  const step = (by: 1 | -1) => (event: KeyboardEvent) => {
    if (faces().length === 0) return;
    event.preventDefault();
    choice.step(by, faces().length);
    cardButton(choice.chosen())?.focus({ preventScroll: true });
  };
  onKeys({
    ArrowLeft: step(-1),
    ArrowRight: step(1),
    Enter: (event) => {
      const target = event.target as HTMLElement;
      // A button or link is what Enter presses, but for the name of the face that is chosen already.
      const isName = target.matches(".face-name");
      if (!isName && target.closest("a, button, summary")) return;
      if (faces().length === 0) return;
      event.preventDefault();
      choice.toggle(choice.chosen());
    },
    Delete: () => !isDeleted() && !isGone() && setIsAsking(true),
  });

  function announceResults(): void {
    const told = new Set<number>();
    createEffect(
      on(
        () => extract().state,
        (state) => {
          if (state === "done")
            announce(faces().length === 0 ? "No face found." : `${counted(faces().length, "face")} found.`);
          if (state === "failed") announce("The photo could not be analysed.");
        },
      ),
    );
    createEffect(() => {
      if (faces().length > ANNOUNCED_FACES_MAX) return;
      for (const face of faces()) {
        if (told.has(face.index) || !isSettled(face)) continue;
        told.add(face.index);
        announce(`${faces().length > 1 ? `Face ${face.index + 1}: ` : ""}${faceSentence(face)}`);
      }
    });
    createEffect(
      on(
        () => job.state().state,
        (state) => {
          if (state === "complete" && faces().length > ANNOUNCED_FACES_MAX) {
            announce(`All answers for ${faces().length} faces are there.`);
          }
        },
      ),
    );
  }

  const headline = () => {
    const { state } = extract();
    if (state === "pending") return "Looking for faces";
    if (state !== "done") return "Not analysed";
    const omitted = job.state().facesOmitted;
    const found = faces().length === 0 ? "No face found" : counted(faces().length, "face");
    return omitted > 0 ? `${found} of ${faces().length + omitted}` : found;
  };

  return (
    <Switch>
      <Match when={isGone()}>
        <GoneJob jobId={props.jobId} failure={job.failure()!} onChoosePhoto={props.onChoosePhoto} />
      </Match>
      <Match when={isDeleted()}>
        <Receipt
          receipt={job.receipt()}
          deletedAtMs={job.state().deletedAtMs ?? 0}
          onChoosePhoto={props.onChoosePhoto}
        />
      </Match>
      <Match when={true}>
        <div class="workspace">
          <div class="workspace-photo">
            <Photo
              src={source()}
              alt={`The photo; ${headline()}`}
              size={sizeOf(extract())}
              focusBox={chosenFace()?.box}
            >
              {(placement, photo) => (
                <Boxes faces={faces()} choice={choice} placement={placement} photo={photo} />
              )}
            </Photo>
          </div>
          <section class="workspace-panel" aria-label="Answers">
            <div class="workspace-head">
              <h1>{headline()}</h1>
              <p class="workspace-meta small quiet">
                <Expiry accepted={job.state().accepted} />
              </p>
              <button class="button" onClick={() => setIsAsking(true)}>
                Delete now
              </button>
            </div>
            <div class="workspace-notices">
              <Show when={isRunning() && link() === "offline"}>
                <Notice title="No connection to the server.">
                  Nothing is lost: the answers are kept there, and come as soon as it is reached again.
                </Notice>
              </Show>
              <Show when={job.failure()}>
                {(failure) => <Notice title="The server no longer has this job.">{failure().message}</Notice>}
              </Show>
              <Switch>
                <Match when={failedOf(extract())}>
                  {(failure) => (
                    <Notice
                      kind="bad"
                      title="This photo could not be analysed."
                      actions={
                        <button class="button" onClick={() => props.onChoosePhoto()}>
                          Analyse another
                        </button>
                      }
                    >
                      {failure().message}
                    </Notice>
                  )}
                </Match>
                <Match when={extract().state === "expired"}>
                  <Notice
                    kind="bad"
                    title="The photo was not analysed in time."
                    actions={
                      <button class="button" onClick={() => props.onChoosePhoto()}>
                        Analyse another
                      </button>
                    }
                  >
                    Too much was waiting, or a part of the system is down. Send it again.
                  </Notice>
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
                    Faces are found from about 20 pixels across. Very dark, blurred, covered or turned-away
                    faces are missed.
                  </Notice>
                </Match>
              </Switch>
              <Show when={job.state().facesOmitted > 0}>
                <Notice title={`${job.state().facesOmitted} more faces were seen.`}>
                  Of one photo the {faces().length} largest faces are analysed.
                </Notice>
              </Show>
            </div>
            <Show
              when={faces().length > 0}
              fallback={<CardSkeleton isShown={extract().state === "pending"} />}
            >
              <FaceList jobId={props.jobId} faces={faces()} choice={choice} />
            </Show>
          </section>
          <Waterfall job={job.state()} face={choice.chosen()} uploadMs={uploadMsOf()} />
        </div>
        <Show when={isAsking()}>
          <DeleteJob job={job} onClose={() => setIsAsking(false)} />
        </Show>
      </Match>
    </Switch>
  );

  function uploadMsOf(): number | undefined {
    const sent = shot()?.step;
    return sent?.at === "sent" ? sent.uploadMs : undefined;
  }
}

function cardButton(face: number): HTMLElement | null {
  return document.querySelector(`[data-face="${face}"] .face-name`);
}

type Extract = ReturnType<ReturnType<typeof jobOf>["state"]>["extract"];

function sizeOf(extract: Extract) {
  return extract.state === "done" ? extract.value.size : undefined;
}

function failedOf(extract: Extract) {
  return extract.state === "failed" ? extract.failure : undefined;
}
