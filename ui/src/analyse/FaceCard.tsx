import type { ClassificationJson, FaceView, Field } from "@similarfaces/contracts/job";
import type { FaceStage, StageName } from "@similarfaces/contracts/stages";
import { Match, Show, Switch, createMemo, type Accessor, type JSX } from "solid-js";
import { facesUrl } from "../api";
import { Bars } from "../components/Bars";
import { Portrait } from "../components/Portrait";
import { AgeCurve } from "./AgeCurve";
import { FaceDetails } from "./FaceDetails";
import { Similar } from "./Similar";
import { LinesSkeleton, PortraitsSkeleton } from "./CardSkeleton";
import type { Choice } from "./choice";
import {
  ageRangeWords,
  ageWords,
  emotionName,
  emotionWords,
  genderName,
  genderWords,
  raceName,
  raceWords,
  ranked,
} from "./words";
import "./FaceCard.css";

export interface FaceCardProps {
  jobId: string;
  face: FaceView;
  faces: number;
  choice: Choice;
}

/** Bars per attribute; the rest is in the details. */
const BARS = 3;

/** One face: its chip, and its answers, each in the place kept for it. */
export function FaceCard(props: FaceCardProps) {
  const index = () => props.face.index;
  const isChosen = () => props.choice.chosen() === index();
  const isOpen = () => props.choice.isOpen(index());
  const field = <S extends FaceStage>(stage: S) =>
    // A field once known never changes: what is drawn is drawn once.
    createMemo(() => props.face.fields[stage], undefined, { equals: (a, b) => a?.state === b?.state });
  const age = field("age");
  const gender = field("gender");
  const emotion = field("emotion");
  const race = field("race");
  const match = field("match");

  return (
    <article
      class="face"
      data-face={index()}
      data-chosen={isChosen()}
      data-pointed={props.choice.pointed() === index()}
      aria-label={`Face ${index() + 1} of ${props.faces}`}
      onClick={() => props.choice.choose(index())}
      onPointerEnter={() => props.choice.point(index())}
      onPointerLeave={() => props.choice.point(undefined)}
    >
      <div class="face-head">
        <div class="face-chip">
          <Portrait src={facesUrl(props.jobId)} row={index()} alt={`Face ${index() + 1}`} />
        </div>
        <h2>
          <button class="face-name" aria-pressed={isChosen()} onClick={() => props.choice.choose(index())}>
            {props.faces === 1 ? "The face" : `Face ${index() + 1}`}
          </button>
        </h2>
        <button
          class="button button-plain face-more"
          aria-expanded={isOpen()}
          aria-label={`Details of face ${index() + 1}`}
          onClick={() => props.choice.toggle(index())}
        >
          Details
          <svg viewBox="0 0 12 12" aria-hidden="true">
            <path d="M2 4l4 4 4-4" />
          </svg>
        </button>
      </div>
      <div class="face-fields">
        <FieldBlock stage="age" name="Age" field={age}>
          {(value) => (
            <>
              <p class="field-words">{ageWords(value)}</p>
              <AgeCurve age={value} />
              <p class="small quiet">{ageRangeWords(value)}</p>
            </>
          )}
        </FieldBlock>
        <FieldBlock stage="gender" name="Gender" field={gender}>
          {(value) => <Guess words={genderWords(value)} value={value} name={genderName} label="Gender" />}
        </FieldBlock>
        <FieldBlock stage="emotion" name="Emotion" field={emotion}>
          {(value) => <Guess words={emotionWords(value)} value={value} name={emotionName} label="Emotion" />}
        </FieldBlock>
        <FieldBlock stage="race" name="Race" field={race}>
          {(value) => <Guess words={raceWords(value)} value={value} name={raceName} label="Race" />}
        </FieldBlock>
      </div>
      <FieldBlock stage="match" name="Similar faces" field={match} wide>
        {(value) => <Similar matches={value} />}
      </FieldBlock>
      <Show when={isOpen()}>
        <FaceDetails jobId={props.jobId} face={props.face} />
      </Show>
    </article>
  );
}

/** What a classifier thinks: words, then its most probable labels. */
function Guess(props: {
  words: string;
  value: ClassificationJson;
  name: (label: string) => string;
  label: string;
}) {
  const bars = () =>
    ranked(props.value)
      .slice(0, BARS)
      .map(({ label, probability }) => ({ label: props.name(label), share: probability }));
  return (
    <>
      <p class="field-words">{props.words}</p>
      <Bars bars={bars()} label={`${props.label}, probabilities`} />
    </>
  );
}

/** A field in its final size: a skeleton, then the value, or in words why there is none. */
function FieldBlock<T>(props: {
  stage: StageName;
  name: string;
  field: Accessor<Field<T> | undefined>;
  wide?: boolean;
  children: (value: T) => JSX.Element;
}) {
  return (
    <section
      class="field"
      data-stage={props.stage}
      data-wide={props.wide}
      data-state={props.field()?.state ?? "off"}
    >
      <h3 class="field-name">{props.name}</h3>
      <Switch>
        <Match when={!props.field()}>
          <p class="field-none quiet">Switched off for this photo.</p>
        </Match>
        <Match when={props.field()?.state === "pending"}>
          <Show when={props.wide} fallback={<LinesSkeleton />}>
            <PortraitsSkeleton />
          </Show>
          <span class="visually-hidden">Not answered yet</span>
        </Match>
        <Match when={props.field()?.state === "expired"}>
          <p class="field-none">
            No answer in time. The rest is complete; send the photo again for this one.
          </p>
        </Match>
        <Match when={failureOf(props.field())} keyed>
          {(failure) => (
            <p class="field-none">
              Could not be computed. <span class="quiet">{failure.message}</span>
            </p>
          )}
        </Match>
        <Match when={doneOf(props.field())} keyed>
          {(done) => <div class="field-value">{props.children(done.value)}</div>}
        </Match>
      </Switch>
    </section>
  );
}

function failureOf<T>(field: Field<T> | undefined) {
  return field?.state === "failed" ? field.failure : undefined;
}

function doneOf<T>(field: Field<T> | undefined) {
  return field?.state === "done" ? field : undefined;
}
