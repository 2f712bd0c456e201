import type { About } from "@similarfaces/contracts/api";
import { For, Show } from "solid-js";
import { durationWords } from "../formats";
import "./Kept.css";

interface Kept {
  what: string;
  /** In the words of whoever runs the server. */
  where: string;
  howLong: string;
}

/** What is stored and for how long; with places, where. */
export function KeptTable(props: { retention: About["retention"]; hasPlaces: boolean }) {
  return (
    <div class="scroller kept-scroller" tabindex="0" role="region" aria-label="What is stored">
      <table class="kept">
        <thead>
          <tr>
            <th scope="col">What</th>
            <Show when={props.hasPlaces}>
              <th scope="col">Where</th>
            </Show>
            <th scope="col">For how long</th>
          </tr>
        </thead>
        <tbody>
          <For each={keptFor(durationWords(props.retention.jobTtlMs))}>
            {({ what, where, howLong }) => (
              <tr>
                <th scope="row">{what}</th>
                <Show when={props.hasPlaces}>
                  <td>{where}</td>
                </Show>
                <td>{howLong}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </div>
  );
}

const keptFor = (ttl: string): readonly Kept[] => [
  {
    what: "Your photo, exactly as you sent it",
    where: "blob store",
    howLong: "until its faces are found, usually less than a second",
  },
  {
    what: "An upright copy without location or camera data, and a cutout of each face",
    where: "blob store",
    howLong: ttl,
  },
  {
    what: "The cutouts while they wait for the models",
    where: "work streams of the broker",
    howLong: `until the last model has answered, ${ttl} at most`,
  },
  {
    what: "The answers: where each face is, the guesses, and 512 numbers that describe it",
    where: "result stream of the broker",
    howLong: ttl,
  },
  {
    what: "People in the gallery: name, consent, portraits, numbers, and the name of the photo file",
    where: "gallery",
    howLong: "until somebody deletes them",
  },
  {
    what: "Which photos you sent on this visit, and the API key if you entered one",
    where: "this browser tab",
    howLong: "until you close the tab",
  },
];
