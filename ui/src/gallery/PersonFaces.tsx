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
                {face.source || "nobody noted where it comes from"}
              </bdi>
            </Show>
            <time class="small quiet" datetime={new Date(face.createdAtMs).toISOString()}>
              {formatTime(face.createdAtMs)}
            </time>
            <Show when={!isCompared(face)}>
              <span class="small">
                This comes from another model ({face.model}), so it is left out of every comparison. Add the
                photo again, or ask whoever runs the server to run <code>npm run gallery -- re-enrol</code>.
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
