import { shownVerdict, type Caution, type MatchesJson } from "@similarfaces/contracts/job";
import { For, Show } from "solid-js";
import { portraitUrl } from "../api/gallery";
import { Link } from "../components/Link";
import { Portrait } from "../components/Portrait";
import { mayReadGallery } from "../gallery/abilities";
import { figureWords, matchesSentence, notesOf, verdictWords } from "./matchWords";
import "./Similar.css";

/** What the figure is (services/vision/src/calibration.ts). */
const LIKELIHOOD = "how likely this is one person, were that as common as not";
const SIMILARITY = "the cosine between the two faces' embeddings, 1 at most";
/** As many as are answered where the gallery has them. */
const PORTRAITS = 5;

export interface SimilarProps {
  matches: MatchesJson | undefined;
  /** Each is said below the portraits, and how alike they are one step lower. */
  cautions: readonly Caution[];
}

/** The nearest faces of the gallery, with how alike each is in a word and a figure; without an answer, the room for five. */
export function Similar(props: SimilarProps) {
  return (
    <Show when={props.matches} keyed fallback={<EmptySimilar />}>
      {(known) => (
        <>
          <p class="answer-words" title="Alike is not the same person.">
            {matchesSentence(known, props.cautions)}
          </p>
          <ul class="similar" aria-label="The nearest faces of the gallery">
            <For each={known.matches}>
              {(match) => (
                <li>
                  <Link
                    class="similar-face"
                    href={`/gallery/${match.identityId}`}
                    title={`${match.name}: ${known.verdict === "uncalibrated" ? SIMILARITY : LIKELIHOOD}`}
                  >
                    <Portrait
                      src={mayReadGallery() ? portraitUrl(match.faceId) : undefined}
                      alt={match.name}
                    />
                    <span class="similar-words">
                      <b>{verdictWords(shownVerdict(match.verdict, props.cautions))}</b>{" "}
                      <span>{figureWords(match)}</span>
                    </span>
                  </Link>
                </li>
              )}
            </For>
          </ul>
          <For each={notesOf(known, props.cautions)}>{(note) => <p class="small quiet">{note}</p>}</For>
        </>
      )}
    </Show>
  );
}

function EmptySimilar() {
  return (
    <>
      <p class="answer-words">
        <span class="answer-room">&nbsp;</span>
      </p>
      <div class="similar">
        <For each={Array.from({ length: PORTRAITS })}>
          {() => (
            <div class="similar-empty">
              <span class="portrait" />
              <span class="similar-words" />
            </div>
          )}
        </For>
      </div>
    </>
  );
}
