import { readingOrder } from "@similarfaces/contracts/readingOrder";
import { For } from "solid-js";
import type { FacePhoto } from "../portraits/facePhoto";
import { FacePortrait } from "../portraits/FacePortrait";
import "./FaceChoice.css";

/** The faces of a photo, as they are read: which of them is meant. */
export function FaceChoice(props: { photo: FacePhoto | undefined; onFace: (face: number) => void }) {
  return (
    <div class="face-choice" role="group" aria-label="Which face is it?">
      <For each={props.photo ? readingOrder(props.photo.extracted) : []}>
        {(face, at) => (
          <button
            type="button"
            class="face-choice-face"
            aria-label={`Take face ${at() + 1}`}
            onClick={() => props.onFace(face)}
          >
            <FacePortrait photo={props.photo} face={face} alt={`Face ${at() + 1}`} />
          </button>
        )}
      </For>
    </div>
  );
}
