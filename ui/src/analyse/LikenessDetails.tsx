import type { MatchesJson } from "@similarfaces/contracts/job";
import { For, Show } from "solid-js";
import { figuresOf } from "./matchWords";
import "./LikenessDetails.css";

/** The figures behind the words for likeness: what the gallery's size makes of each pair, and the pair's own likelihood with its base rate. */
export function LikenessDetails(props: { matches: MatchesJson }) {
  const isMeasured = () => props.matches.verdict !== "uncalibrated";
  const faces = () => props.matches.galleryFaces.toLocaleString("en");
  return (
    <Show when={props.matches.matches.length > 0}>
      <table class="likeness small">
        <thead>
          <tr>
            <th scope="col">Nearest</th>
            <Show when={isMeasured()}>
              <th scope="col">As alike</th>
              <th scope="col">Likelihood</th>
            </Show>
            <th scope="col">Similarity</th>
          </tr>
        </thead>
        <tbody>
          <For each={props.matches.matches.map(figuresOf)}>
            {({ name, strangers, likelihood, similarity }) => (
              <tr>
                <th scope="row">{name}</th>
                <Show when={isMeasured()}>
                  <td>{strangers}</td>
                  <td>{likelihood}</td>
                </Show>
                <td>{similarity}</td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
      <Show when={isMeasured()}>
        <p class="small quiet">
          As alike: how many people who are not in this gallery of {faces()} find somebody as alike in it. The
          words go by that. Likelihood: that the two are one person, if as many pairs were of one person as of
          two. In a gallery nearly all are of two, so it sounds surer than it is.
        </p>
      </Show>
    </Show>
  );
}
