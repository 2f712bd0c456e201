import { fieldOf, type AnalysisJson, type FaceView, type Field } from "@similarfaces/contracts/job";
import type { StageName } from "@similarfaces/contracts/stages";
import { Show, createMemo } from "solid-js";
import type { FacePhoto } from "../portraits/facePhoto";
import { FacePortrait } from "../portraits/FacePortrait";
import { isOn } from "../stages";
import { CardFields } from "./CardFields";
import { FaceDetails } from "./FaceDetails";
import type { Choice } from "./choice";
import { SKIPPED, skippedReason, surenessWords } from "./faceWords";
import "./FaceCard.css";

export interface FaceCardProps {
  jobId: string;
  /** What the face is cut from. */
  photo: FacePhoto | undefined;
  face: FaceView;
  /** As people count it, of so many. */
  number: number;
  faces: number;
  /** The analyzers that have a place in the card. */
  stages: readonly StageName[];
  choice: Choice;
  /** Else it is a name and a place: nobody sees it. */
  isBuilt: boolean;
  /** Pixels of height, while it is not built. */
  roomPx: number;
}

/** One face: its portrait, and its answers, each in the place kept for it. */
export function FaceCard(props: FaceCardProps) {
  const index = () => props.face.index;
  const isChosen = () => props.choice.isChosen(index());
  const isOpen = () => props.choice.isOpen(index());
  const field = <S extends StageName>(stage: S) =>
    // A field once known never changes: what is drawn is drawn once.
    createMemo(() => fieldOf(props.face, stage), undefined, { equals: (a, b) => a?.state === b?.state });
  const match = field("match");
  const cautions = createMemo(() => props.face.cautions, undefined, {
    equals: (a, b) => a.length === b.length,
  });
  // A skipped face has no answers but those of `extract` itself.
  const stages = () =>
    props.face.skipped
      ? props.stages.filter((stage) => props.face.fields[stage]?.state === "done")
      : props.stages;

  // What was drawn once stays drawn: the photo would have to be decoded anew.
  const hasPortrait = createMemo<boolean>((before) => before || props.isBuilt, false);

  return (
    <article
      class="face"
      data-face={index()}
      data-built={props.isBuilt ? "" : undefined}
      style={{ "min-height": props.isBuilt ? undefined : `${props.roomPx}px` }}
      data-chosen={isChosen()}
      data-pointed={props.choice.isPointed(index())}
      data-skipped={props.face.skipped ? "" : undefined}
      aria-label={`Face ${props.number} of ${props.faces}`}
      onClick={() => props.choice.choose(index())}
      onPointerEnter={() => props.choice.point(index())}
      onPointerLeave={() => props.choice.point(undefined)}
    >
      <div class="face-head">
        <div class="face-portrait">
          <Show when={hasPortrait()}>
            <FacePortrait photo={props.photo} face={index()} alt={`Face ${props.number}`} />
          </Show>
        </div>
        <div class="face-title">
          <h2>
            <button class="face-name" aria-pressed={isChosen()} onClick={() => props.choice.choose(index())}>
              {props.faces === 1 ? "The face" : `Face ${props.number}`}
            </button>
          </h2>
          <p class="small quiet">{surenessWords(props.face.score)}</p>
        </div>
        <Show when={props.isBuilt}>
          <button
            class="button button-plain face-more"
            aria-expanded={isOpen()}
            aria-label={`Details of face ${props.number}`}
            onClick={() => props.choice.toggle(index())}
          >
            Details
            <svg viewBox="0 0 12 12" aria-hidden="true">
              <path d="M2 4l4 4 4-4" />
            </svg>
          </button>
        </Show>
      </div>
      <Show when={props.isBuilt}>
        <Show when={props.face.skipped}>
          <div class="face-skipped">
            <p>{SKIPPED}.</p>
            <p class="small quiet">{skippedReason(props.face)}</p>
          </div>
        </Show>
        <CardFields
          stages={stages()}
          fieldOf={(stage) => field(stage) as () => Field<AnalysisJson> | undefined}
          match={!props.face.skipped && (isOn("match") || match()) ? match : undefined}
          cautions={cautions()}
        />
        <Show when={isOpen()}>
          <FaceDetails jobId={props.jobId} face={props.face} />
        </Show>
      </Show>
    </article>
  );
}
