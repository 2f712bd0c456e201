import { Show } from "solid-js";

export const ZOOM_STEP = 1.4;

export interface PhotoToolsProps {
  zoom: number;
  /** Undefined while there is no photo to be seen. */
  onZoom: ((factor: number) => void) | undefined;
  onWhole: () => void;
  /** Undefined while no face is chosen. */
  onFace: (() => void) | undefined;
  isTurnedBack: boolean;
  /** Undefined where the photo stands upright as it was sent. */
  onTurn: (() => void) | undefined;
}

/** How the photo is looked at, by buttons: below it, where they cover nobody, and all there from the first, so that none moves. */
export function PhotoTools(props: PhotoToolsProps) {
  return (
    <div class="photo-tools" role="group" aria-label="View of the photo">
      <Show when={props.onTurn}>
        <button
          title={`${props.isTurnedBack ? "Stand the photo upright" : "Show the photo as it was sent"} (u)`}
          onClick={() => props.onTurn?.()}
        >
          {props.isTurnedBack ? "Upright" : "Turn back"}
        </button>
      </Show>
      <button
        aria-label="Smaller"
        title="Smaller (-)"
        disabled={props.zoom <= 1}
        onClick={() => props.onZoom?.(1 / ZOOM_STEP)}
      >
        −
      </button>
      <button
        aria-label={`${Math.round(props.zoom * 100)}%, show the whole photo`}
        title="Whole photo (0)"
        disabled={props.zoom <= 1}
        onClick={() => props.onWhole()}
      >
        {Math.round(props.zoom * 100)}%
      </button>
      <button
        aria-label="Larger"
        title="Larger (+)"
        disabled={!props.onZoom}
        onClick={() => props.onZoom?.(ZOOM_STEP)}
      >
        +
      </button>
      <button title="The chosen face (z)" disabled={!props.onFace} onClick={() => props.onFace?.()}>
        Face
      </button>
    </div>
  );
}
