import type { FaceView, LandmarksJson, PointJson } from "@similarfaces/contracts/job";
import { hasConsumer } from "@similarfaces/contracts/stages";
import { For, Index, Show, createMemo } from "solid-js";
import { inPhotoOrder } from "../stages";
import type { Choice } from "./choice";
import { isSettled, tagWords } from "./faceWords";
import type { Placement, Size } from "./view";
import "./Boxes.css";

export interface BoxesProps {
  faces: readonly FaceView[];
  choice: Choice;
  placement: Placement;
  photo: Size;
}

/** Boxes that are narrower on screen have no room for words. */
const TAG_PX_MIN = 48;
const NUMBER_PX_MIN = 16;
const TAG_ROOM_PX = 26;
const TAG_GAP_PX = 6;
const TAG_PX_MAX = 400;
const DOTS_PX_MIN = 28;
const DOT_PX = 7;

/**
 * Boxes, eyes and landmarks over the photo, in CSS pixels of the frame. For the pointer only: the cards say and do the same for
 * keyboard and screen reader.
 */
export function Boxes(props: BoxesProps) {
  const isOnly = () => props.faces.length === 1;
  const boxes = createMemo(() => props.faces.map((face) => boxInFrame(face, props.placement, props.photo)));
  return (
    <div class="boxes" aria-hidden="true">
      <svg>
        <Index each={props.faces}>
          {(face) => (
            <FaceBox
              face={face()}
              choice={props.choice}
              placement={props.placement}
              photo={props.photo}
              isOnly={isOnly()}
            />
          )}
        </Index>
      </svg>
      <Index each={props.faces}>
        {(face, index) => (
          <Tag
            face={face()}
            choice={props.choice}
            box={boxes()[index]!}
            roomPx={tagRoomPx(boxes()[index]!, boxes())}
            isOnly={isOnly()}
          />
        )}
      </Index>
    </div>
  );
}

function FaceBox(props: {
  face: FaceView;
  choice: Choice;
  placement: Placement;
  photo: Size;
  isOnly: boolean;
}) {
  const toFrame = (point: PointJson) => pointInFrame(point, props.placement, props.photo);
  const box = createMemo(() => boxInFrame(props.face, props.placement, props.photo));
  const isChosen = () => props.choice.chosen() === props.face.index;
  const ticks = createMemo(() =>
    eyeTicks(props.face.landmarks).map(({ from, to }) => lineOf(toFrame(from), toFrame(to))),
  );
  const points = createMemo(() => {
    const { nose, leftMouth, rightMouth } = props.face.landmarks;
    return [nose, leftMouth, rightMouth].map(toFrame);
  });

  return (
    <g
      class="box"
      data-chosen={isChosen()}
      data-dim={isDim(props)}
      data-skipped={props.face.skipped ? "" : undefined}
      onClick={() => props.choice.choose(props.face.index)}
      onPointerEnter={() => props.choice.point(props.face.index)}
      onPointerLeave={() => props.choice.point(undefined)}
    >
      <For each={["box-dark", "box-light"]}>
        {(name) => <rect class={name} pathLength="1" rx="3" {...box()} />}
      </For>
      <Index each={ticks()}>
        {(path) => (
          <>
            <path class="box-dark" d={path()} />
            <path class="box-light" d={path()} />
          </>
        )}
      </Index>
      <Show when={isChosen()}>
        <Index each={points()}>{(point) => <circle class="box-point" cx={point().x} cy={point().y} />}</Index>
      </Show>
      <Show when={box().width >= DOTS_PX_MIN && !isSettled(props.face)}>
        <Dots face={props.face} x={box().x + box().width / 2} y={box().y + box().height + DOT_PX * 1.5} />
      </Show>
    </g>
  );
}

/** One dot per stage, lit when it has answered: the answers being made, at the face itself. */
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

/** Number and first words of a face, above its box; where there is no room above in it, or beside one that they would cover. */
function Tag(props: { face: FaceView; choice: Choice; box: Box; roomPx: number; isOnly: boolean }) {
  const words = createMemo(() => (props.box.width >= TAG_PX_MIN ? tagWords(props.face) : ""));
  const place = () => placeOfTag(props.box);
  const number = () => (props.isOnly ? "" : String(props.face.index + 1));
  return (
    <Show when={props.box.width >= NUMBER_PX_MIN && number() + words() !== ""}>
      <span
        class="box-tag"
        data-chosen={props.choice.chosen() === props.face.index}
        data-dim={isDim(props)}
        data-place={place()}
        style={{
          "--left": `${place() === "beside" ? props.box.x + props.box.width + TAG_GAP_PX : props.box.x - 2}px`,
          top: `${props.box.y}px`,
          "--room": `${props.roomPx}px`,
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

function placeOfTag({ y, width }: Box): "above" | "inside" | "beside" {
  if (y >= TAG_ROOM_PX) return "above";
  return width >= TAG_PX_MIN ? "inside" : "beside";
}

/** From the tag's beginning to the next one on about the same height. */
function tagRoomPx(box: Box, boxes: readonly Box[]): number {
  const next = boxes.filter(({ x, y }) => x > box.x && Math.abs(y - box.y) < TAG_ROOM_PX);
  return Math.max(TAG_PX_MIN, Math.min(...next.map(({ x }) => x - box.x - TAG_GAP_PX), TAG_PX_MAX));
}

function isDim({ face, choice, isOnly }: { face: FaceView; choice: Choice; isOnly: boolean }): boolean {
  return !isOnly && choice.chosen() !== face.index && choice.pointed() !== face.index;
}

type Box = { x: number; y: number; width: number; height: number };

function pointInFrame({ x, y }: PointJson, { left, top, width }: Placement, photo: Size): PointJson {
  const scale = width / photo.width;
  return { x: left + x * scale, y: top + y * scale };
}

/** On whole pixels, so that the strokes are sharp. */
function boxInFrame({ box: { x, y, width, height } }: FaceView, placement: Placement, photo: Size): Box {
  const from = pointInFrame({ x, y }, placement, photo);
  const to = pointInFrame({ x: x + width, y: y + height }, placement, photo);
  const left = Math.round(from.x);
  const top = Math.round(from.y);
  return { x: left, y: top, width: Math.round(to.x) - left, height: Math.round(to.y) - top };
}

/** A tick across each eye, perpendicular to the line between them and a quarter as long, in pixels of the photo. */
function eyeTicks({ leftEye, rightEye }: LandmarksJson): { from: PointJson; to: PointJson }[] {
  const by = { x: -(rightEye.y - leftEye.y) / 8, y: (rightEye.x - leftEye.x) / 8 };
  return [leftEye, rightEye].map((eye) => ({
    from: { x: eye.x - by.x, y: eye.y - by.y },
    to: { x: eye.x + by.x, y: eye.y + by.y },
  }));
}

function lineOf(from: PointJson, to: PointJson): string {
  return `M${from.x} ${from.y}L${to.x} ${to.y}`;
}
