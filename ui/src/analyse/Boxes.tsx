import type { BoxJson, FaceView, PointJson } from "@similarfaces/contracts/job";
import { hasConsumer } from "@similarfaces/contracts/stages";
import { For, Index, Show, createMemo, on } from "solid-js";
import { inPhotoOrder } from "../stages";
import type { Choice } from "./choice";
import { isCrowd } from "./crowd";
import { isSettled, tagWords } from "./faceWords";
import { boxInFrame, eyeTicks, pointInFrame } from "./facesInFrame";
import { tagPlaces, type TagPlace } from "./tagPlaces";
import type { Placement, Size } from "./view";
import "./Boxes.css";

export interface BoxesProps {
  faces: readonly FaceView[];
  /** Their indices as they are read, which says the number of each. */
  order: readonly number[];
  choice: Choice;
  placement: Placement;
  photo: Size;
  frame: Size;
}

/** Boxes that are narrower on screen have no room for words, and thin lines; narrower still, no number either. */
const WORDS_PX_MIN = 48;
const NUMBER_PX_MIN = 16;
/** On a smaller face the points would hide what they point at. */
const LANDMARKS_PX_MIN = 80;
const DOT_PX = 7;

/**
 * Boxes over the photo, and of the chosen face eyes and landmarks, in CSS pixels of the frame. For the pointer only: the cards say and do the
 * same for keyboard and screen reader.
 */
export function Boxes(props: BoxesProps) {
  const isOnly = createMemo(() => props.faces.length === 1);
  const inCrowd = createMemo(() => isCrowd(props.faces.length));
  // Every answer makes another face of the same place: what is placed at it stays where it is.
  const boxes = createMemo(
    () => props.faces.map(({ box }) => boxInFrame(box, props.placement, props.photo)),
    undefined,
    { equals: (a, b) => a.length === b.length && a.every((box, at) => isSameBox(box, b[at]!)) },
  );
  const typeScale = createMemo(on(() => props.frame, pageTypeScale));
  const places = createMemo(() => tagPlaces(boxes(), props.frame, typeScale()));
  return (
    <div class="boxes" aria-hidden="true">
      <svg>
        <Index each={props.faces}>
          {(face, at) => (
            <FaceBox
              face={face()}
              box={boxes()[at]!}
              tag={places()[at]!}
              choice={props.choice}
              placement={props.placement}
              photo={props.photo}
              isOnly={isOnly()}
              inCrowd={inCrowd()}
            />
          )}
        </Index>
      </svg>
      <Index each={props.faces}>
        {(face, at) => (
          <Tag
            face={face()}
            number={props.order.indexOf(face().index) + 1}
            choice={props.choice}
            box={boxes()[at]!}
            place={places()[at]!}
            isOnly={isOnly()}
            inCrowd={inCrowd()}
          />
        )}
      </Index>
    </div>
  );
}

function FaceBox(props: {
  face: FaceView;
  box: BoxJson;
  tag: TagPlace;
  choice: Choice;
  placement: Placement;
  photo: Size;
  isOnly: boolean;
  inCrowd: boolean;
}) {
  const isChosen = () => props.choice.isChosen(props.face.index);
  const hasDots = createMemo(
    () => props.box.width >= WORDS_PX_MIN && !(props.inCrowd && isDim(props)) && !isSettled(props.face),
  );
  return (
    <g
      class="box"
      data-chosen={isChosen()}
      data-dim={isDim(props)}
      data-small={props.box.width < WORDS_PX_MIN ? "" : undefined}
      data-skipped={props.face.skipped ? "" : undefined}
      onPointerEnter={() => props.choice.point(props.face.index)}
      onPointerLeave={() => props.choice.point(undefined)}
    >
      <For each={["box-dark", "box-light"]}>
        {(name) => <rect class={name} pathLength="1" rx="3" {...props.box} />}
      </For>
      <Show when={isChosen() && props.box.width >= LANDMARKS_PX_MIN}>
        <Landmarks face={props.face} toFrame={(point) => pointInFrame(point, props.placement, props.photo)} />
      </Show>
      <Show when={hasDots()}>
        <Dots
          face={props.face}
          x={props.box.x + props.box.width / 2}
          y={lowerEdge(props.box, props.tag) + DOT_PX * 1.5}
        />
      </Show>
    </g>
  );
}

/** Eyes as small ticks, nose and the corners of the mouth as points. */
function Landmarks(props: { face: FaceView; toFrame: (point: PointJson) => PointJson }) {
  const ticks = () =>
    eyeTicks(props.face.landmarks).map(({ from, to }) => lineOf(props.toFrame(from), props.toFrame(to)));
  const points = () => {
    const { nose, leftMouth, rightMouth } = props.face.landmarks;
    return [nose, leftMouth, rightMouth].map(props.toFrame);
  };
  return (
    <>
      <Index each={ticks()}>
        {(path) => (
          <>
            <path class="box-dark" d={path()} />
            <path class="box-light" d={path()} />
          </>
        )}
      </Index>
      <Index each={points()}>{(point) => <circle class="box-point" cx={point().x} cy={point().y} />}</Index>
    </>
  );
}

/** One dot per stage, lit when it has answered: the answers being made, at the face itself; in a crowd at the one that is looked at. */
function Dots(props: { face: FaceView; x: number; y: number }) {
  const stages = createMemo(
    () => inPhotoOrder(Object.keys(props.face.fields).filter(hasConsumer)),
    undefined,
    {
      equals: (a, b) => a.length === b.length,
    },
  );
  const left = () => props.x - ((stages().length - 1) * DOT_PX * 1.6) / 2;
  return (
    <For each={stages()}>
      {(stage, at) => (
        <circle
          class="box-dot"
          data-stage={stage}
          data-known={props.face.fields[stage]?.state !== "pending"}
          cx={left() + at() * DOT_PX * 1.6}
          cy={props.y}
        />
      )}
    </For>
  );
}

/** Number and first words of a face, at its box. */
function Tag(props: {
  face: FaceView;
  number: number;
  choice: Choice;
  box: BoxJson;
  place: TagPlace;
  isOnly: boolean;
  inCrowd: boolean;
}) {
  const number = () => (props.isOnly ? "" : String(props.number));
  const isChosen = () => props.choice.isChosen(props.face.index);
  const hasWords = () =>
    props.box.width >= WORDS_PX_MIN && (props.place.hasWords || isChosen() || props.isOnly);
  const isTold = createMemo(() => hasWords() && (!props.inCrowd || isChosen() || isSettled(props.face)));
  const words = createMemo(() => (isTold() ? tagWords(props.face) : ""));
  const hasRoom = () =>
    isChosen() || props.isOnly || (props.box.width >= NUMBER_PX_MIN && !props.place.isCovering);
  return (
    <Show when={hasRoom() && number() + words() !== ""}>
      <span
        class="box-tag"
        data-chosen={isChosen()}
        data-dim={isDim(props)}
        style={{
          "--left": `${props.place.left}px`,
          top: `${props.place.top}px`,
          "--room": `${props.place.roomPx}px`,
        }}
      >
        <Show when={number()}>
          <b>{number()}</b>
        </Show>
        <Show when={words()}>
          <span class="box-words">{words()}</span>
        </Show>
      </span>
    </Show>
  );
}

const isSameBox = (a: BoxJson, b: BoxJson): boolean =>
  a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;

/** Of the box, or of the words below it. */
function lowerEdge(box: BoxJson, tag: TagPlace): number {
  return tag.side === "below" ? tag.top + tag.height : box.y + box.height;
}

/** The page's type grows with the screen. */
function pageTypeScale(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

function isDim({ face, choice, isOnly }: { face: FaceView; choice: Choice; isOnly: boolean }): boolean {
  return !isOnly && !choice.isChosen(face.index) && !choice.isPointed(face.index);
}

function lineOf(from: PointJson, to: PointJson): string {
  return `M${from.x} ${from.y}L${to.x} ${to.y}`;
}
