import type { FaceView, Field, MatchesJson } from "@similarfaces/contracts/job";
import { hasConsumer, type StageName } from "@similarfaces/contracts/stages";
import { percentText } from "@similarfaces/contracts/texts";
import { For, Show } from "solid-js";
import { titleOf } from "../analyzers";
import { jobUrl } from "../api/jobs";
import { StageLabel } from "../components/StageLabel";
import { formatMs } from "../formats";
import { inPhotoOrder, isAnalysis } from "../stages";
import { LikenessDetails } from "./LikenessDetails";
import { accuracyOf, type Accuracy } from "./accuracy";
import { measurementsOf } from "./measurements";

/** One more click away: which model answered, how long it took, and how right it is for whom; where the face is, in the photo's pixels. */
export function FaceFigures(props: { jobId: string; face: FaceView }) {
  const stages = () => inPhotoOrder(Object.keys(props.face.fields));
  const box = () => props.face.box;
  return (
    <details class="details-figures">
      <summary>Figures, models and times</summary>
      <For each={stages()}>
        {(stage) => <StageFigures stage={stage} field={props.face.fields[stage] as Field<unknown>} />}
      </For>
      <p class="small quiet">
        {Math.round(box().width)} × {Math.round(box().height)} pixels at {Math.round(box().x)},{" "}
        {Math.round(box().y)} of the photo.
      </p>
      <p>
        <a class="button button-plain" href={jobUrl(props.jobId)} target="_blank" rel="noopener">
          Everything as JSON
        </a>
      </p>
    </details>
  );
}

function StageFigures(props: { stage: StageName; field: Field<unknown> }) {
  const done = () => (props.field.state === "done" ? props.field : undefined);
  return (
    <Show when={done()} keyed>
      {(field) => (
        <section class="details-model" data-stage={props.stage}>
          <h4>
            <StageLabel stage={props.stage}>{titleOf(props.stage)}</StageLabel>
          </h4>
          <Show
            when={hasConsumer(props.stage)}
            fallback={<p class="small quiet">Answered along with the boxes.</p>}
          >
            <p class="small quiet">
              {field.model}
              <Show when={field.timings} keyed>
                {(timings) => (
                  <>
                    {" "}
                    · waited {formatMs(timings.startedAtMs - timings.queuedAtMs)}, worked{" "}
                    {formatMs(timings.finishedAtMs - timings.startedAtMs)}
                  </>
                )}
              </Show>
              <Show when={field.attempt > 1}> · attempt {field.attempt}</Show>
            </p>
          </Show>
          <Show when={props.stage === "match"}>
            <LikenessDetails matches={field.value as MatchesJson} />
          </Show>
          <Show when={accuracyOf(measurementsOf(props.stage, field.model))} keyed>
            {(accuracy) => (
              <>
                {/* Of an answer it stands above, in everybody's sight. */}
                <Show when={!isAnalysis(props.stage)}>
                  <p class="small">{accuracy.sentence}</p>
                </Show>
                <p class="small quiet">Measured on {accuracy.data}</p>
                <Groups accuracy={accuracy} />
              </>
            )}
          </Show>
        </section>
      )}
    </Show>
  );
}

/** How right it is per group, where that was measured. */
function Groups(props: { accuracy: Accuracy }) {
  return (
    <Show when={props.accuracy.groups.length > 0}>
      <ul class="details-groups small">
        <For each={props.accuracy.groups}>
          {({ name, value }) => (
            <li>
              {name} <b>{props.accuracy.unit === "share" ? percentText(value) : `± ${value.toFixed(1)}`}</b>
            </li>
          )}
        </For>
      </ul>
    </Show>
  );
}
