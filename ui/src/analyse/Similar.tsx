import type { MatchesJson } from "@similarfaces/contracts/job";
import { For } from "solid-js";
import { portraitUrl } from "../api";
import { Link } from "../components/Link";
import { Portrait } from "../components/Portrait";
import { formatPercent } from "../formats";
import { mayLook } from "../gallery/abilities";
import { matchesSentence, verdictWords } from "./words";
import "./Similar.css";

/** What the figure is (services/vision/src/calibration.ts). */
const LIKELIHOOD = "how likely this is one person, were that as common as not";

/** The nearest faces of the gallery, always, with how alike each is in a word and a figure. */
export function Similar(props: { matches: MatchesJson }) {
  return (
    <>
      <p class="field-words" title="Alike is not the same person.">
        {matchesSentence(props.matches)}
      </p>
      <ul class="similar" aria-label="The nearest faces of the gallery">
        <For each={props.matches.matches}>
          {(match) => (
            <li>
              <Link
                class="similar-face"
                href={`/gallery/${match.identityId}`}
                title={`${match.name}: ${LIKELIHOOD}`}
              >
                <Portrait src={mayLook() ? portraitUrl(match.faceId) : undefined} alt={match.name} />
                <span class="similar-words">
                  <b>{verdictWords(match.verdict)}</b> <span>{formatPercent(match.likelihood)}</span>
                </span>
              </Link>
            </li>
          )}
        </For>
      </ul>
    </>
  );
}
