import type { Measurement } from "@similarfaces/contracts/api";
import type { AnalysisJson, FaceView, Field, MatchesJson } from "@similarfaces/contracts/job";
import { hasConsumer, type StageName } from "@similarfaces/contracts/stages";
import { For, Show, onMount } from "solid-js";
import { announcementOf, titleOf } from "../analyzers";
import { jobUrl } from "../api/jobs";
import { isGuest } from "../shares";
import { Link } from "../components/Link";
import { StageLabel } from "../components/StageLabel";
import { formatMs, formatPercent } from "../formats";
import { about } from "../installation";
import { isNamed, variantOf } from "../modelNames";
import { inPhotoOrder, isAnalysis } from "../stages";
import { AnswerDetails } from "./AnswerDetails";
import { LikenessDetails } from "./LikenessDetails";
import { accuracyOf } from "./accuracy";
import { surenessWords } from "./faceWords";
import "./FaceDetails.css";

/** One click away: every label, which model said it, how long it took, and how often it is wrong, for whom. */
export function FaceDetails(props: { jobId: string; face: FaceView }) {
  const stages = () => inPhotoOrder(Object.keys(props.face.fields));
  const box = () => props.face.box;
  let details!: HTMLDivElement;
  onMount(() => details.scrollIntoView({ block: "nearest", inline: "nearest" }));
  return (
    <div class="details" ref={details}>
      <p class="small">
        These are guesses of models, often wrong for an individual. Do not decide anything about a person by
        them. <Link href="/about/engineers">How they were measured</Link>
      </p>
      <For each={stages()}>
        {(stage) => <StageDetails stage={stage} field={props.face.fields[stage] as Field<unknown>} />}
      </For>
      <p class="small quiet">
        {surenessWords(props.face.score)}, as detector and second look say together; {Math.round(box().width)}{" "}
        × {Math.round(box().height)} pixels at {Math.round(box().x)}, {Math.round(box().y)}.
      </p>
      <p class="details-actions">
        <Show when={!isGuest(props.jobId) && !props.face.skipped}>
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

function StageDetails(props: { stage: StageName; field: Field<unknown> }) {
  const done = () => (props.field.state === "done" ? props.field : undefined);
  /** Of the variant that answered, where its model is known; an analyzer that came since is by its announcement. */
  const measured = (): readonly Measurement[] => {
    const name = done()?.model ?? "";
    const model = about()?.models.find((known) => isNamed(known, name));
    const announced = announcementOf(props.stage)?.model;
    if (model) return variantOf(model, name)?.measured ?? [];
    return announced && isNamed(announced, name) ? announced.measured : [];
  };
  const accuracy = () => accuracyOf(measured());
  return (
    <Show when={done()} keyed>
      {(field) => (
        <section class="details-stage" data-stage={props.stage}>
          <h3>
            <StageLabel stage={props.stage}>{titleOf(props.stage)}</StageLabel>
          </h3>
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
          <Show when={isAnalysis(props.stage)}>
            <AnswerDetails announcement={announcementOf(props.stage)} value={field.value as AnalysisJson} />
          </Show>
          <Show when={props.stage === "match"}>
            <LikenessDetails matches={field.value as MatchesJson} />
          </Show>
          <Show when={accuracy()} keyed>
            {(known) => (
              <div class="details-accuracy small">
                <p>{known.sentence}</p>
                <ul class="details-groups">
                  <For each={known.groups}>
                    {({ name, value }) => (
                      <li>
                        {name}{" "}
                        <b>{known.unit === "share" ? formatPercent(value) : `± ${value.toFixed(1)}`}</b>
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
