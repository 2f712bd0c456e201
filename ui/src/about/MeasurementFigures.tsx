import type { Measurement } from "@similarfaces/contracts/api";
import { For, Show } from "solid-js";
import { Bars } from "../components/Bars";
import { ConfusionTable, FigureTable } from "./FigureTables";
import { describeFigures } from "./figures";

/** What was measured on one set of photos, whole; the first of a model is open. */
export function MeasurementFigures(props: {
  measurement: Measurement;
  /** Of the model, in its order. */
  labels: readonly string[];
  isFirst: boolean;
  of: string;
}) {
  const { data, n, date, figures } = props.measurement;
  const { facts, groups, tables, confusion } = describeFigures(figures, props.labels);
  return (
    <details class="measurement" open={props.isFirst}>
      <summary>
        <span>{data}</span> <span class="small quiet">{`${n.toLocaleString()} measured, ${date}`}</span>
      </summary>
      <div class="measurement-body">
        <Show when={facts.length > 0}>
          <dl class="facts">
            <For each={facts}>
              {({ name, text }) => (
                <div>
                  <dt>{name}</dt>
                  <dd>{text}</dd>
                </div>
              )}
            </For>
          </dl>
        </Show>
        <For each={groups}>
          {({ title, spread, rows }) => (
            <section class="group-figure">
              <h4>{title}</h4>
              <Bars
                label={title}
                bars={rows.map(({ name, share, text }) => ({ label: name, share, text }))}
              />
              <Show when={spread}>
                <p class="small">{spread}</p>
              </Show>
            </section>
          )}
        </For>
        <For each={tables}>{(table) => <FigureTable table={table} of={`${props.of}, ${data}`} />}</For>
        <Show when={confusion} keyed>
          {(counts) => <ConfusionTable confusion={counts} of={props.of} />}
        </Show>
      </div>
    </details>
  );
}
