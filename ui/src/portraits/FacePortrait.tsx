import { Show, createEffect, createMemo, createSignal, onCleanup } from "solid-js";
import { Silhouette } from "../components/Silhouette";
import { drawPortrait } from "./drawPortrait";
import { PORTRAIT_PIXELS_MAX, type FacePhoto } from "./facePhoto";
import { pixelsOf } from "./geometry";
import "../components/Portrait.css";

/** Of a side, where the photo has them: what is left for whoever magnifies the page. */
const PIXELS_LEAST = 320;

/** A face of a job, cut from its photo by the page itself; a silhouette where the photo is gone. */
export function FacePortrait(props: {
  /** Undefined until the faces are known. */
  photo: FacePhoto | undefined;
  face: number;
  alt: string;
  /** There is nothing to wait for. */
  isGone?: boolean;
}) {
  const [state, setState] = createSignal<"loading" | "shown" | "missing">("loading");
  const isMissing = () => props.isGone || state() === "missing";
  let frame!: HTMLSpanElement;
  let canvas!: HTMLCanvasElement;
  // Every answer makes another face of the same place: it is drawn once.
  const known = createMemo(() => props.photo?.faces.find(({ index }) => index === props.face));
  const photoOf = createMemo(() => props.photo);
  createEffect(() => {
    const photo = photoOf();
    const face = known();
    if (!photo || !face) return;
    let isLeft = false;
    onCleanup(() => (isLeft = true));
    setState("loading");
    drawPortrait(canvas, photo, face, (square) =>
      pixelsOf(square, frame.clientWidth * devicePixelRatio, PIXELS_LEAST, PORTRAIT_PIXELS_MAX),
    ).then(
      () => isLeft || setState("shown"),
      () => isLeft || setState("missing"),
    );
  });
  // Nothing of a job that is gone stays behind its silhouette.
  createEffect(() => {
    if (props.isGone) canvas.width = canvas.height = 1;
  });
  return (
    <span class="portrait" data-state={isMissing() ? "missing" : state()} ref={frame}>
      <canvas ref={canvas} width="1" height="1" role="img" aria-label={props.alt} hidden={isMissing()} />
      <Show when={isMissing()}>
        <Silhouette alt={props.alt} />
      </Show>
    </span>
  );
}
