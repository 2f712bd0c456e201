import { For, Match, Show, Switch } from "solid-js";
import { deleteFace, portraitUrl } from "../api/gallery";
import { Portrait } from "../components/Portrait";
import { jobOf } from "../jobs/createJob";
import { FacePortrait } from "../portraits/FacePortrait";
import { createJobPhoto } from "../portraits/jobPhoto";
import type { Candidate, Step } from "./createAddition";
import { permitted } from "./permission";
import { FaceChoice } from "./FaceChoice";
import "./CandidateList.css";

interface CandidateListProps {
  candidates: readonly Candidate[];
  isRunning: boolean;
  /** Undefined where there is nothing to choose from. */
  onTake: ((id: number) => void) | undefined;
  /** Of a photo with several faces, one was chosen. */
  onFace: (id: number, jobId: string, face: number) => void;
  /** Its face was deleted from the gallery again. */
  onRemoved: (id: number) => void;
}

/** The photos and how far each is; next to each photo the face that was taken from it. */
export function CandidateList(props: CandidateListProps) {
  return (
    <ul class="candidates" aria-label="Photos">
      <For each={props.candidates}>
        {(candidate) => (
          <li class="candidate" data-at={candidate.step.at}>
            <Show when={candidate.preview} keyed>
              {(preview) => (
                <img
                  class="candidate-photo"
                  src={preview}
                  alt=""
                  onError={({ currentTarget }) => currentTarget.setAttribute("data-broken", "")}
                />
              )}
            </Show>
            <CandidateFace candidate={candidate} />
            <div class="candidate-text">
              <bdi class="candidate-name">{candidate.source}</bdi>
              <StepWords step={candidate.step} />
              <Show when={candidate.step.at === "refused" && candidate.step.choice} keyed>
                {(jobId) => (
                  <FaceChoice
                    photo={candidate.found}
                    onFace={(face) => props.onFace(candidate.id, jobId, face)}
                  />
                )}
              </Show>
            </div>
            <Switch>
              <Match when={candidate.step.at === "added" && candidate.step.faceId} keyed>
                {(faceId) => (
                  <button
                    type="button"
                    class="button button-plain small"
                    onClick={() => void remove(candidate.id, faceId)}
                  >
                    Wrong face? Remove it
                  </button>
                )}
              </Match>
              <Match
                when={!props.isRunning && ["chosen", "refused"].includes(candidate.step.at) && props.onTake}
                keyed
              >
                {(take) => (
                  <button
                    type="button"
                    class="button button-plain button-icon"
                    aria-label={`Leave ${candidate.source} out`}
                    onClick={() => take(candidate.id)}
                  >
                    ✕
                  </button>
                )}
              </Match>
            </Switch>
          </li>
        )}
      </For>
    </ul>
  );

  async function remove(id: number, faceId: string): Promise<void> {
    await permitted(() => deleteFace(faceId));
    props.onRemoved(id);
  }
}

/** The face as it is cut from the photo, then as the gallery keeps it. */
function CandidateFace(props: { candidate: Candidate }) {
  const faceId = () => (props.candidate.step.at === "added" ? props.candidate.step.faceId : undefined);
  const isBeingAdded = () => ["measuring", "adding"].includes(props.candidate.step.at);
  const alt = () => (props.candidate.ofJob ? "The chosen face" : `The face of ${props.candidate.source}`);
  return (
    <Switch>
      <Match when={faceId()} keyed>
        {(added) => (
          <span class="candidate-face">
            <Portrait src={portraitUrl(added)} alt={alt()} />
          </span>
        )}
      </Match>
      <Match when={props.candidate.ofJob} keyed>
        {({ jobId, face }) => (
          <span class="candidate-face">
            <FaceOfJob jobId={jobId} face={face} alt={alt()} />
          </span>
        )}
      </Match>
      <Match when={isBeingAdded() && props.candidate.found} keyed>
        {(photo) => (
          <span class="candidate-face">
            <FacePortrait photo={photo} face={0} alt={alt()} />
          </span>
        )}
      </Match>
    </Switch>
  );
}

function FaceOfJob(props: { jobId: string; face: number; alt: string }) {
  const job = () => jobOf(props.jobId);
  const photo = createJobPhoto(job);
  return <FacePortrait photo={photo()} face={props.face} alt={props.alt} isGone={job().isGone()} />;
}

function StepWords(props: { step: Step }) {
  const sending = () => (props.step.at === "sending" ? props.step : undefined);
  return (
    <Switch>
      <Match when={props.step.at === "sending"}>
        <span class="small quiet">Sending</span>
        <progress
          class="progress"
          aria-label="Sent"
          max={sending()?.totalBytes || 1}
          value={sending()?.sentBytes ?? 0}
        />
      </Match>
      <Match when={props.step.at === "waiting" && props.step} keyed>
        {(step) => <span class="small quiet">{step.why} Trying again.</span>}
      </Match>
      <Match when={props.step.at === "finding"}>
        <span class="small quiet">Looking for a face</span>
      </Match>
      <Match when={props.step.at === "measuring"}>
        <span class="small quiet">Found one, measuring it</span>
      </Match>
      <Match when={props.step.at === "adding"}>
        <span class="small quiet">Adding it to the gallery</span>
      </Match>
      <Match when={props.step.at === "added" && props.step} keyed>
        {({ warning }) => (
          <span class="small">
            <span class="candidate-good">In the gallery</span> {warning}
          </span>
        )}
      </Match>
      <Match when={props.step.at === "refused" && props.step} keyed>
        {(step) => (
          <span class="small">
            <span class="form-error">{step.title}</span> {step.help}
          </span>
        )}
      </Match>
    </Switch>
  );
}
