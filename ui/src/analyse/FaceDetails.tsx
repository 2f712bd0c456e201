import type { AnalysisJson, FaceView, Field } from "@similarfaces/contracts/job";
import type { StageName } from "@similarfaces/contracts/stages";
import { For, Show, onMount } from "solid-js";
import { announcementOf, titleOf } from "../analyzers";
import { Link } from "../components/Link";
import { StageLabel } from "../components/StageLabel";
import { isGuest } from "../shares";
import { inPhotoOrder, isAnalysis } from "../stages";
import { AnswerDetails } from "./AnswerDetails";
import { FaceFigures } from "./FaceFigures";
import { accuracyOf } from "./accuracy";
import { measurementsOf } from "./measurements";
import "./FaceDetails.css";

/** One click away, in words for everybody: every label, and how often the answer is wrong. */
export function FaceDetails(props: { jobId: string; face: FaceView }) {
  const answers = () => inPhotoOrder(Object.keys(props.face.fields)).filter(isAnalysis);
  let details!: HTMLDivElement;
  onMount(() => details.scrollIntoView({ block: "nearest", inline: "nearest" }));
  return (
    <div class="details" ref={details}>
      <p class="small">
        These are guesses, and often wrong about one person. Please don't judge anybody by them.{" "}
        <Link href="/about/engineers">How they were measured</Link>
      </p>
      <For each={answers()}>
        {(stage) => <StageDetails stage={stage} field={props.face.fields[stage] as Field<AnalysisJson>} />}
      </For>
      <Show when={!isGuest(props.jobId) && !props.face.skipped}>
        <p>
          <Link class="button" href={`/gallery?job=${props.jobId}&face=${props.face.index}`}>
            Add to gallery
          </Link>
        </p>
      </Show>
      <FaceFigures jobId={props.jobId} face={props.face} />
    </div>
  );
}

function StageDetails(props: { stage: StageName; field: Field<AnalysisJson> }) {
  const done = () => (props.field.state === "done" ? props.field : undefined);
  return (
    <Show when={done()} keyed>
      {(field) => (
        <section class="details-stage" data-stage={props.stage}>
          <h3>
            <StageLabel stage={props.stage}>{titleOf(props.stage)}</StageLabel>
          </h3>
          <AnswerDetails announcement={announcementOf(props.stage)} value={field.value} />
          <Show when={accuracyOf(measurementsOf(props.stage, field.model))} keyed>
            {({ sentence }) => <p class="details-accuracy small">{sentence}</p>}
          </Show>
        </section>
      )}
    </Show>
  );
}
