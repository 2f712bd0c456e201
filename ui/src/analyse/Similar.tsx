import { shownVerdict, type Caution, type MatchJson, type MatchesJson } from "@similarfaces/contracts/job";
import { For, Show } from "solid-js";
import { portraitUrl } from "../api/gallery";
import { Link } from "../components/Link";
import { Meter } from "../components/Meter";
import { Portrait } from "../components/Portrait";
import { mayReadGallery } from "../gallery/abilities";
import { likenessWords, matchesSentence, meterStep, notesOf, strangersSentence } from "./matchWords";
import "./Similar.css";

/** As many as are answered where the gallery has them. */
const PORTRAITS = 5;

export interface SimilarProps {
  matches: MatchesJson | undefined;
  /** Each is said below the portraits, and how alike they are one step lower. */
  cautions: readonly Caution[];
}

/** The nearest faces of the gallery, with how alike each is in words and on a meter of four steps; without an answer, the room for five. */
export function Similar(props: SimilarProps) {
  return (
    <Show when={props.matches} keyed fallback={<EmptySimilar />}>
      {(known) => (
        <>
          <p class="answer-words" title="Alike is not the same person.">
            {matchesSentence(known, props.cautions)}
          </p>
          <p class="similar-strangers small quiet">{strangersSentence(known)}</p>
          <ul class="similar" aria-label="The nearest faces of the gallery">
            <For each={known.matches}>{(match) => <Likeness match={match} cautions={props.cautions} />}</For>
          </ul>
          <For each={notesOf(known, props.cautions)}>{(note) => <p class="small quiet">{note}</p>}</For>
        </>
      )}
    </Show>
  );
}

function Likeness(props: { match: MatchJson; cautions: readonly Caution[] }) {
  const step = () => meterStep(shownVerdict(props.match.verdict, props.cautions));
  return (
    <li>
      <Link class="similar-face" href={`/gallery/${props.match.identityId}`} title={props.match.name}>
        <Portrait src={mayReadGallery() ? portraitUrl(props.match.faceId) : undefined} alt="" />
        <b class="similar-name">{props.match.name}</b>
        <Meter step={step()} />
        <span class="similar-words">{likenessWords(props.match, props.cautions)}</span>
      </Link>
    </li>
  );
}

function EmptySimilar() {
  return (
    <>
      <p class="answer-words">
        <span class="answer-room">&nbsp;</span>
      </p>
      <p class="similar-strangers small" />
      <div class="similar">
        <For each={Array.from({ length: PORTRAITS })}>
          {() => (
            <div class="similar-empty">
              <span class="portrait" />
              <b class="similar-name">&nbsp;</b>
              <Meter step={0} />
              <span class="similar-words" />
            </div>
          )}
        </For>
      </div>
    </>
  );
}
