import type { FaceView, Field } from "@similarfaces/contracts/job";
import type { AnalyzerName, FaceStage, StageName } from "@similarfaces/contracts/stages";
import { For, Show, onMount } from "solid-js";
import { jobUrl } from "../api";
import { isGuest } from "../shares";
import { Bars } from "../components/Bars";
import { Link } from "../components/Link";
import { StageLabel } from "../components/StageLabel";
import { formatMs, formatPercent } from "../formats";
import { about } from "../installation";
import { accuracyOf } from "./accuracy";
import { emotionName, genderName, raceName, ranked } from "./words";
import "./FaceDetails.css";

const NAMES: Partial<Record<StageName, (label: string) => string>> = {
  gender: genderName,
  emotion: emotionName,
  race: raceName,
};

/** One click away: every label, which model said it, how long it took, and how often it is wrong, for whom. */
export function FaceDetails(props: { jobId: string; face: FaceView }) {
  const stages = () => Object.keys(props.face.fields) as FaceStage[];
  const box = () => props.face.box;
  let details!: HTMLDivElement;
  onMount(() => details.scrollIntoView({ block: "nearest", inline: "nearest" }));
  return (
    <div class="details" ref={details}>
      <p class="small">
        These are guesses of models, often wrong for an individual. Do not decide anything about a person by
        them. <Link href="/about">How they were measured</Link>
      </p>
      <For each={stages()}>
        {(stage) => <StageDetails stage={stage} field={props.face.fields[stage] as Field<unknown>} />}
      </For>
      <p class="small quiet">
        Found with {formatPercent(props.face.score)} confidence, {Math.round(box().width)} ×{" "}
        {Math.round(box().height)} pixels at {Math.round(box().x)}, {Math.round(box().y)}.
      </p>
      <p class="details-actions">
        <Show when={!isGuest(props.jobId)}>
          <Link class="button" href={`/gallery?job=${props.jobId}&face=${props.face.index}`}>
            Add to gallery
          </Link>
        </Show>
        <a class="button button-plain" href={jobUrl(props.jobId)} target="_blank" rel="noopener">
          Everything as JSON
        </a>
      </p>
    </div>
  );
}

function StageDetails(props: { stage: FaceStage; field: Field<unknown> }) {
  const done = () => (props.field.state === "done" ? props.field : undefined);
  const classification = () => {
    const value = done()?.value as { probabilities?: unknown[]; label?: string } | undefined;
    const name = NAMES[props.stage as AnalyzerName];
    if (!name || !value?.label) return undefined;
    return ranked(value as Parameters<typeof ranked>[0]).map(({ label, probability }) => ({
      label: name(label),
      share: probability,
    }));
  };
  const model = () => about()?.models.find(({ id, version }) => `${id}@${version}` === done()?.model);
  const accuracy = () => (model() ? accuracyOf(model()!) : undefined);
  return (
    <Show when={done()} keyed>
      {(field) => (
        <section class="details-stage" data-stage={props.stage}>
          <h3>
            <StageLabel stage={props.stage} />
          </h3>
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
          <Show when={classification()} keyed>
            {(bars) => <Bars bars={bars} label={`${props.stage}, all labels`} />}
          </Show>
          <Show when={accuracy()} keyed>
            {(measured) => (
              <div class="details-accuracy small">
                <p>{measured.sentence}</p>
                <ul class="details-groups">
                  <For each={measured.groups}>
                    {({ name, value }) => (
                      <li>
                        {name}{" "}
                        <b>{measured.unit === "share" ? formatPercent(value) : `± ${value.toFixed(1)}`}</b>
                      </li>
                    )}
                  </For>
                </ul>
              </div>
            )}
          </Show>
        </section>
      )}
    </Show>
  );
}
