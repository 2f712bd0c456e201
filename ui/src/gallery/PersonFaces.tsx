import type { GalleryFace, Identity } from "@similarfaces/contracts/api";
import { For, Show } from "solid-js";
import { galleryStatistics, portraitUrl } from "../api/gallery";
import { Portrait } from "../components/Portrait";
import { formatTime } from "../formats";
import { createLoaded } from "./createLoaded";

/** A person's faces: where each is from, since when it is there, and whether it is compared. */
export function PersonFaces(props: { person: Identity; onDelete: (face: GalleryFace) => void }) {
  const statistics = createLoaded(() => "", galleryStatistics);
  const isCompared = (face: GalleryFace) =>
    !statistics.value()?.notSearched.some(({ model }) => model === face.model);
  return (
    <ul class="person-faces" aria-label="Faces">
      <For each={props.person.faces}>
        {(face, index) => (
          <li class="person-face">
            <Portrait src={portraitUrl(face.id)} alt={`Face ${index() + 1} of ${props.person.name}`} />
            <Show when={face.source !== undefined}>
              <bdi class="person-source" title={face.source}>
                {face.source || "no note where it is from"}
              </bdi>
            </Show>
            <time class="small quiet" datetime={new Date(face.createdAtMs).toISOString()}>
              {formatTime(face.createdAtMs)}
            </time>
            <Show when={!isCompared(face)}>
              <span class="small">
                Made by another model ({face.model}): no search finds it. Whoever runs the server makes it
                anew with <code>npm run gallery -- re-enrol</code>; or add the photo again.
              </span>
            </Show>
            <button
              class="button button-plain small person-face-delete"
              aria-label={`Delete face ${index() + 1}`}
              onClick={() => props.onDelete(face)}
            >
              Delete
            </button>
          </li>
        )}
      </For>
    </ul>
  );
}
