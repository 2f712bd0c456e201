import { For } from "solid-js";
import type { FacePhoto } from "../portraits/facePhoto";
import { FacePortrait } from "../portraits/FacePortrait";
import "./FaceChoice.css";

/** The faces of a photo, largest first: which of them is meant. */
export function FaceChoice(props: { photo: FacePhoto | undefined; onFace: (face: number) => void }) {
  return (
    <div class="face-choice" role="group" aria-label="Which face is it?">
      <For each={props.photo?.faces}>
        {({ index }) => (
          <button
            type="button"
            class="face-choice-face"
            aria-label={`Take face ${index + 1}`}
            onClick={() => props.onFace(index)}
          >
            <FacePortrait photo={props.photo} face={index} alt={`Face ${index + 1}`} />
          </button>
        )}
      </For>
    </div>
  );
}
