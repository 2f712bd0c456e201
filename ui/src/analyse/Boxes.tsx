import type { FaceView, LandmarksJson, PointJson } from "@similarfaces/contracts/job";
import type { FaceStage } from "@similarfaces/contracts/stages";
import { For, Index, Show, createMemo } from "solid-js";
import type { Choice } from "./choice";
import { isSettled } from "./faceSentence";
import { tagWords } from "./words";
import type { Placement, Size } from "./view";
import "./Boxes.css";

export interface BoxesProps {
  faces: readonly FaceView[];
  choice: Choice;
  placement: Placement;
  photo: Size;
}

/** Boxes that are narrower on screen have no room for words. */
const TAG_PX_MIN = 64;
const DOTS_PX_MIN = 40;
const DOT_PX = 7;

/**
 * Boxes, eyes and landmarks over the photo, in CSS pixels of the frame. For the pointer only: the cards say and do the same for
 * keyboard and screen reader.
 */
export function Boxes(props: BoxesProps) {
  return (
    <svg class="boxes" aria-hidden="true">
      <Index each={props.faces}>
        {(face) => (
          <FaceBox
            face={face()}
            choice={props.choice}
            placement={props.placement}
            photo={props.photo}
            isOnly={props.faces.length === 1}
          />
        )}
      </Index>
    </svg>
  );
}

function FaceBox(props: {
  face: FaceView;
  choice: Choice;
  placement: Placement;
  photo: Size;
  isOnly: boolean;
}) {
  const scale = () => props.placement.width / props.photo.width;
  const toFrame = ({ x, y }: PointJson): PointJson => ({
    x: props.placement.left + x * scale(),
    y: props.placement.top + y * scale(),
  });
  const box = createMemo(() => {
    const { x, y, width, height } = props.face.box;
    const from = toFrame({ x, y });
    const to = toFrame({ x: x + width, y: y + height });
    // On whole pixels, so that the strokes are sharp.
    const left = Math.round(from.x);
    const top = Math.round(from.y);
    return { x: left, y: top, width: Math.round(to.x) - left, height: Math.round(to.y) - top };
  });
  const isChosen = () => props.choice.chosen() === props.face.index;
  const isPointed = () => props.choice.pointed() === props.face.index;
  const ticks = createMemo(() =>
    eyeTicks(props.face.landmarks, box().width).map(({ at, by }) => lineOf(toFrame(at), by)),
  );
  const points = createMemo(() => {
    const { nose, leftMouth, rightMouth } = props.face.landmarks;
    return [nose, leftMouth, rightMouth].map(toFrame);
  });
  const tag = createMemo(() => (box().width >= TAG_PX_MIN ? tagWords(props.face) : ""));

  return (
    <g
      class="box"
      data-chosen={isChosen()}
      data-dim={!props.isOnly && !isChosen() && !isPointed()}
      onClick={() => props.choice.choose(props.face.index)}
      onPointerEnter={() => props.choice.point(props.face.index)}
      onPointerLeave={() => props.choice.point(undefined)}
    >
      <For each={["box-dark", "box-light"]}>
        {(name) => <rect class={name} pathLength="1" rx="3" {...box()} />}
      </For>
      <For each={ticks()}>
        {(path) => (
          <>
            <path class="box-dark" d={path} />
            <path class="box-light" d={path} />
          </>
        )}
      </For>
      <Show when={isChosen()}>
        <For each={points()}>{(point) => <circle class="box-point" cx={point.x} cy={point.y} r="2.5" />}</For>
      </Show>
      <Show when={box().width >= DOTS_PX_MIN && !isSettled(props.face)}>
        <Dots face={props.face} x={box().x + box().width / 2} y={box().y + box().height + DOT_PX * 1.5} />
      </Show>
      <Show when={!props.isOnly || tag() !== ""}>
        <Tag number={props.isOnly ? undefined : props.face.index + 1} words={tag()} x={box().x} y={box().y} />
      </Show>
    </g>
  );
}

/** One dot per stage, lit when it has answered: the answers being made, at the face itself. */
function Dots(props: { face: FaceView; x: number; y: number }) {
  const stages = () => Object.keys(props.face.fields) as FaceStage[];
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
          r={DOT_PX / 2}
        />
      )}
    </For>
  );
}

const TAG_HEIGHT = 18;

/** Number and first words of a face, above its box. */
function Tag(props: { number: number | undefined; words: string; x: number; y: number }) {
  const text = () =>
    [props.number, props.words].filter((part) => part !== undefined && part !== "").join(" · ");
  return (
    <g class="box-tag" transform={`translate(${props.x - 1}, ${props.y - TAG_HEIGHT - 4})`}>
      <rect width={text().length * 6.3 + 10} height={TAG_HEIGHT} rx="4" />
      <text x="5" y="13">
        {text()}
      </text>
    </g>
  );
}

/** A short tick across each eye, perpendicular to the line between them. */
function eyeTicks({ leftEye, rightEye }: LandmarksJson, boxPx: number): { at: PointJson; by: PointJson }[] {
  const length = Math.hypot(rightEye.x - leftEye.x, rightEye.y - leftEye.y) || 1;
  const half = Math.max(3, boxPx * 0.05);
  const by = {
    x: (-(rightEye.y - leftEye.y) / length) * half,
    y: ((rightEye.x - leftEye.x) / length) * half,
  };
  return [
    { at: leftEye, by },
    { at: rightEye, by },
  ];
}

function lineOf(at: PointJson, by: PointJson): string {
  return `M${at.x - by.x} ${at.y - by.y}L${at.x + by.x} ${at.y + by.y}`;
}
