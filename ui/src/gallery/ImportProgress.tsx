import { For, Show } from "solid-js";
import { formatMs } from "../formats";
import type { ImportState, Refusal } from "./createImport";
import { saveFile } from "./saveFile";

const REFUSALS_SHOWN = 200;

/** How far an import is, in photos and in time. */
export function ImportProgress(props: { state: ImportState }) {
  const done = () => props.state.added + props.state.alreadyIn + props.state.refused.length;
  const left = () => props.state.photos - done();
  const words = () => {
    const { phase, rate, read, photos } = props.state;
    if (phase === "done") return "Finished";
    if (phase === "stopped") return "Stopped. What was added stays";
    if (done() === 0 && read < photos)
      return `Reading, ${read.toLocaleString()} of ${photos.toLocaleString()}`;
    return rate > 0
      ? `${rate.toFixed(1)} photos a second, about ${formatMs((left() / rate) * 1_000)} left`
      : "Starting";
  };
  return (
    <section class="import-progress" aria-label="Progress">
      <div class="import-line">
        <span class="import-found">
          {done().toLocaleString()} of {props.state.photos.toLocaleString()}
        </span>
        <span class="quiet">{words()}</span>
      </div>
      <progress class="progress" aria-label="Photos" max={props.state.photos} value={done()} />
      <dl class="import-counts">
        <Count label="faces added" count={props.state.added} />
        <Count label="people with new faces" count={props.state.people} />
        <Count label="already there" count={props.state.alreadyIn} />
        <Count label="not added" count={props.state.refused.length} />
      </dl>
    </section>
  );
}

function Count(props: { label: string; count: number }) {
  return (
    <div>
      <dt class="small quiet">{props.label}</dt>
      <dd>{props.count.toLocaleString()}</dd>
    </div>
  );
}

/** Which photos were not added, and why. */
export function Refusals(props: { refused: readonly Refusal[] }) {
  const asText = () => props.refused.map(({ path, title, help }) => `${path}\t${title} ${help}`).join("\n");
  return (
    <section aria-labelledby="import-refused">
      <div class="import-line">
        <h2 id="import-refused">Not added, and why</h2>
        <button
          class="button small"
          onClick={() => saveFile(new Blob([asText()], { type: "text/plain" }), "not-added.txt")}
        >
          Save the list
        </button>
      </div>
      <ul class="refusals">
        <For each={props.refused.slice(0, REFUSALS_SHOWN)}>
          {({ path, title, help }) => (
            <li>
              <bdi class="refusal-path">{path}</bdi>
              <span class="small">
                <strong>{title}</strong> {help}
              </span>
            </li>
          )}
        </For>
      </ul>
      <Show when={props.refused.length > REFUSALS_SHOWN}>
        <p class="small quiet">
          There are {props.refused.length.toLocaleString()} in all; save the list to see every one.
        </p>
      </Show>
    </section>
  );
}

/** Photos whose faces were added although they are small or blurred. */
export function WeakFaces(props: { weak: ImportState["weak"] }) {
  return (
    <section aria-labelledby="import-weak">
      <h2 id="import-weak">Added, but hard to recognise</h2>
      <ul class="refusals">
        <For each={props.weak.slice(0, REFUSALS_SHOWN)}>
          {({ path, warning }) => (
            <li>
              <bdi class="refusal-path">{path}</bdi>
              <span class="small">{warning}</span>
            </li>
          )}
        </For>
      </ul>
    </section>
  );
}
