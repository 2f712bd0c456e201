import type { Identity } from "@similarfaces/contracts/api";
import { checkedName } from "@similarfaces/contracts/galleryText";
import { Show, createSignal, onMount } from "solid-js";
import { Link } from "../components/Link";
import { counted } from "../formats";
import { addressOfFace } from "../jobs/visit";
import { CandidateList } from "./CandidateList";
import { ConsentFields, isGiven, type Consent } from "./ConsentFields";
import { createAddition } from "./createAddition";
import { Namesake } from "./Namesake";
import { PhotoPicker } from "./PhotoPicker";
import { textProblem } from "./textProblem";
import "./AddPerson.css";

interface AddFormProps {
  jobId: string | undefined;
  face: number;
  person: Identity | undefined;
  onAgain: () => void;
}

/** The name, the photos or the face, the consent; then how far each photo is. */
export function AddForm(props: AddFormProps) {
  const addition = createAddition();
  const { state } = addition;
  const [name, setName] = createSignal("");
  const [consent, setConsent] = createSignal<Consent>({
    text: props.person?.consent ?? "",
    isConfirmed: false,
  });
  const [isNamesake, setNamesake] = createSignal(false);
  const [isChecked, setChecked] = createSignal(false);
  let form!: HTMLFormElement;

  onMount(() => {
    if (props.person) addition.startAt(props.person);
    if (props.jobId) addition.chooseFace({ jobId: props.jobId, face: props.face });
  });
  const isFromJob = () => props.jobId !== undefined;
  const back = () => {
    if (props.jobId) return { href: addressOfFace(props.jobId, props.face), words: "Back to the photo" };
    if (props.person) return { href: `/gallery/${props.person.id}`, words: `Back to ${props.person.name}` };
    return { href: "/gallery", words: "Everybody in the gallery" };
  };
  const added = () => state.candidates.filter(({ step }) => step.at === "added").length;
  const open = () =>
    state.candidates.filter(({ step }) => step.at === "chosen" || (step.at === "refused" && step.isRetryable))
      .length;
  const nameProblem = () => {
    if (state.person) return undefined;
    if (name().trim() === "") return "Enter the person's name, or whatever you call them.";
    return textProblem(() => checkedName(name()));
  };
  const shownProblem = () => (isChecked() ? nameProblem() : undefined);
  const needsPhoto = () => isChecked() && state.candidates.length === 0;

  return (
    <>
      <header class="gallery-head">
        <div>
          <Link class="small gallery-back" href={back().href}>
            {back().words}
          </Link>
          <h1>
            <Show when={props.person} fallback="Add a person" keyed>
              {(person) => (
                <>
                  Add faces of <bdi>{person.name}</bdi>
                </>
              )}
            </Show>
          </h1>
        </div>
      </header>
      <form
        ref={form}
        class="form add"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Show when={!props.person}>
          <label class="form-field">
            <span>Name</span>
            <input
              class="input"
              autocomplete="off"
              maxlength="200"
              value={name()}
              disabled={state.person !== undefined}
              onInput={(event) => setName(event.currentTarget.value)}
              aria-invalid={shownProblem() !== undefined}
              aria-describedby="name-help"
            />
            <span id="name-help" class="small">
              <Show when={shownProblem()}>
                <span class="form-error">{shownProblem()}</span>
              </Show>
            </span>
          </label>
          <Show when={!state.person}>
            <Namesake
              name={name()}
              jobId={props.jobId}
              face={props.face}
              isNamesake={isNamesake()}
              onNamesake={setNamesake}
            />
          </Show>
        </Show>
        <div class="form">
          <div>
            <p class="form-label">{isFromJob() ? "Face" : "Photos"}</p>
            <Show when={!isFromJob()}>
              <p class="small quiet">
                If there are several faces in a photo, you can pick one. Two or three photos from different
                days work better than one.
              </p>
            </Show>
          </div>
          <Show when={state.candidates.length > 0}>
            <CandidateList
              candidates={state.candidates}
              isRunning={state.isRunning}
              onTake={isFromJob() ? undefined : addition.take}
              onFace={addition.chooseAmong}
              onRemoved={addition.forget}
            />
          </Show>
          <Show when={!isFromJob()}>
            <PhotoPicker
              isMissing={needsPhoto()}
              label={state.candidates.length > 0 ? "Choose more photos" : "Choose photos"}
              help="or drop them here"
              onFiles={addition.choose}
            />
          </Show>
          <Show when={needsPhoto()}>
            <p class="small form-error" role="alert">
              Choose at least one photo.
            </p>
          </Show>
        </div>
        <ConsentFields
          consent={consent()}
          onChange={setConsent}
          isChecked={isChecked()}
          confirmation="This person agreed to have their face kept in this gallery and compared with others."
          example="Ada Lovelace herself, by email on 4 May 2026, for the demo wall"
        />
        <div class="add-actions">
          <button class="button button-main" disabled={state.isRunning || (added() > 0 && open() === 0)}>
            {state.isRunning ? "Adding" : added() > 0 && open() > 0 ? "Add the rest" : "Add to gallery"}
          </button>
          <Show when={added() > 0 && !state.isRunning && state.person} keyed>
            {(person) => (
              <p role="status">
                <bdi>{person.name}</bdi> has {counted(added(), "new face")} in the gallery.{" "}
                <Link href={`/gallery/${person.id}`}>See them</Link>
                <Show when={props.jobId} keyed>
                  {(jobId) => (
                    <>
                      {" "}
                      <Link href={addressOfFace(jobId, props.face)}>Back to the photo</Link>
                    </>
                  )}
                </Show>
                <Show when={!props.person}>
                  {" "}
                  <button type="button" class="link" onClick={() => props.onAgain()}>
                    Add another person
                  </button>
                </Show>
              </p>
            )}
          </Show>
        </div>
      </form>
    </>
  );

  async function submit(): Promise<void> {
    setChecked(true);
    const isComplete = nameProblem() === undefined && state.candidates.length > 0 && isGiven(consent());
    if (!isComplete) {
      // The first in the order of the page: the field of the name, the button for photos, the consent.
      const first = form.querySelector<HTMLElement>('[aria-invalid="true"], [data-missing]');
      first?.focus();
      return;
    }
    await addition.run({ name: name().trim(), consent: consent().text.trim(), isNamesake: isNamesake() });
  }
}
