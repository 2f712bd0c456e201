import type { ModelAbout } from "@similarfaces/contracts/api";
import type { StageName } from "@similarfaces/contracts/stages";
import { capitalised } from "@similarfaces/contracts/texts";
import { For, Show } from "solid-js";
import { StageLabel } from "../components/StageLabel";
import { variantOf } from "../modelNames";
import { FigureTable } from "./FigureTables";
import { MeasurementFigures } from "./MeasurementFigures";
import { headlineOf } from "./headline";
import { variantsOf } from "./variants";

export interface ModelCardProps {
  model: ModelAbout;
  stage: StageName;
  title: string;
  /** What it is not, in sentences. */
  limits: readonly string[];
  /** In the model's order; empty where it tells none apart. */
  labels: readonly string[];
  /** It has answered of late. */
  isInUse: boolean;
}

/** A model with what was measured of it, good and bad, and where it is from. */
export function ModelCard(props: ModelCardProps) {
  const model = () => props.model;
  const shown = () => variantOf(model());
  const others = () =>
    model().variants.filter((variant) => variant !== shown() && variant.measured.length > 0);
  return (
    <article class="model" data-stage={props.stage} id={`model-${model().id}`}>
      <header class="model-head">
        <h3>
          <StageLabel stage={props.stage}>{props.title}</StageLabel>
        </h3>
        <code class="quiet">
          {model().id}@{model().version}
          {props.isInUse ? ", answering" : ""}
        </code>
      </header>
      <Show when={headlineOf(model())} keyed>
        {(headline) => <p class="model-headline">{headline}.</p>}
      </Show>
      <For each={props.limits}>{(limit) => <p>{limit}</p>}</For>
      <Show when={props.labels.length > 0}>
        <p class="small quiet">Labels: {props.labels.join(", ")}.</p>
      </Show>
      <Show when={variantsOf(model())} keyed>
        {({ table, words }) => (
          <div class="model-variants">
            <FigureTable table={table} of={props.title} />
            <p class="small quiet">{words}</p>
          </div>
        )}
      </Show>
      <For each={shown()?.measured}>
        {(measurement, index) => (
          <MeasurementFigures
            measurement={measurement}
            labels={props.labels}
            isFirst={index() === 0}
            of={props.title}
          />
        )}
      </For>
      <For each={others()}>
        {({ precision, measured }) => (
          <details class="measurement">
            <summary>Measured of {precision}</summary>
            <div class="measurement-body">
              <For each={measured}>
                {(measurement) => (
                  <MeasurementFigures
                    measurement={measurement}
                    labels={props.labels}
                    isFirst={false}
                    of={`${props.title}, ${precision}`}
                  />
                )}
              </For>
            </div>
          </details>
        )}
      </For>
      <footer class="small quiet model-foot">
        <p>{originOf(model())}.</p>
        <Show when={model().notice}>
          <p>{model().notice}</p>
        </Show>
      </footer>
    </article>
  );
}

/** What is computed without a model is from no pack. */
function originOf({ pack, licence, source }: ModelCardProps["model"]): string {
  const parts = [pack && `pack ${pack}`, licence && `licence ${licence}`].filter(Boolean);
  return capitalised([parts.join(", "), source].filter(Boolean).join("; "));
}
