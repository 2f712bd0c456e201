import type { StageName } from "@similarfaces/contracts/stages";
import { For, Show, createMemo } from "solid-js";
import type { ModelAbout } from "@similarfaces/contracts/api";
import { Bars } from "../components/Bars";
import { StageLabel } from "../components/StageLabel";
import type { StatusStore } from "./createStatus";
import { describeFigures, headlineOf, labelInWords, type Confusion, type TableFigure } from "./figures";
import "./Models.css";

/** In the order in which a photo meets them. */
const TASKS: readonly { task: string; stage: StageName; limits: string }[] = [
  {
    task: "detect",
    stage: "extract",
    limits:
      "Misses faces that are small, dark, covered or turned away, and now and then takes a thing for a face.",
  },
  {
    task: "embed",
    stage: "embed",
    limits:
      "Likeness to a model is no proof of identity: two people may look alike to it, and one person may not look like themselves on another day.",
  },
  {
    task: "age",
    stage: "age",
    limits:
      "Guesses how old a face looks, not how old anybody is. Light, expression and make-up move it by years.",
  },
  {
    task: "gender",
    stage: "gender",
    limits:
      "Knows two labels, because its training data has two. It says nothing about how a person sees themselves.",
  },
  {
    task: "race",
    stage: "race",
    limits:
      "Repeats labels that annotators gave by looking at photos. They are no fact about origin, nationality or culture.",
  },
  {
    task: "emotion",
    stage: "emotion",
    limits: "Names the expression on one photo, not what anybody felt.",
  },
];

/** The models of the installation by task, each with what was measured and what it is not. */
export function Models(props: { models: readonly ModelAbout[]; store: StatusStore }) {
  const isInUse = ({ id, version }: ModelAbout, stage: StageName) =>
    props.store.of(stage)?.models.includes(`${id}@${version}`) ?? false;
  /** What has answered, or the first by name of its pack while nothing has. */
  const shown = (task: string, stage: StageName) => {
    const known = props.models.filter((model) => model.task === task);
    const used = known.filter((model) => isInUse(model, stage));
    return used.length > 0 ? used : known.slice(0, 1);
  };
  const others = createMemo(() => {
    const all = TASKS.flatMap(({ task, stage }) => shown(task, stage));
    return props.models.filter((model) => !all.includes(model));
  });
  return (
    <>
      <div class="models">
        <For each={TASKS}>
          {({ task, stage, limits }) => (
            <For each={shown(task, stage)}>
              {(model) => (
                <ModelCard model={model} stage={stage} limits={limits} isInUse={isInUse(model, stage)} />
              )}
            </For>
          )}
        </For>
      </div>
      <Show when={others().length > 0}>
        <details class="models-others">
          <summary>Other models that this installation can use: {others().length}</summary>
          <div class="models">
            <For each={others()}>
              {(model) => (
                <ModelCard
                  model={model}
                  stage={TASKS.find(({ task }) => task === model.task)?.stage ?? "extract"}
                  limits=""
                  isInUse={false}
                />
              )}
            </For>
          </div>
        </details>
      </Show>
    </>
  );
}

function ModelCard(props: { model: ModelAbout; stage: StageName; limits: string; isInUse: boolean }) {
  const model = () => props.model;
  return (
    <article class="model" data-stage={props.stage} id={`model-${model().id}`}>
      <header class="model-head">
        <h3>
          <StageLabel stage={props.stage}>{model().task}</StageLabel>
        </h3>
        <code class="quiet">
          {model().id}@{model().version}
          {props.isInUse ? ", answering" : ""}
        </code>
      </header>
      <Show when={headlineOf(model())} keyed>
        {(headline) => <p class="model-headline">{headline}.</p>}
      </Show>
      <Show when={props.limits}>
        <p>{props.limits}</p>
      </Show>
      <Show when={model().labels?.length}>
        <p class="small quiet">Labels: {model().labels!.map(labelInWords).join(", ")}.</p>
      </Show>
      <For each={model().measured}>
        {(measurement, index) => (
          <Measurement
            measurement={measurement}
            labels={model().labels}
            isFirst={index() === 0}
            of={model().task}
          />
        )}
      </For>
      <footer class="small quiet model-foot">
        <p>
          Pack {model().pack}, licence {model().licence}; {model().source}.
        </p>
        <Show when={model().notice} keyed>
          {(notice) => <p>{notice}</p>}
        </Show>
      </footer>
    </article>
  );
}

function Measurement(props: {
  measurement: ModelAbout["measured"][number];
  labels: readonly string[] | undefined;
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
        <For each={tables}>{(table) => <FigureTable table={table} />}</For>
        <Show when={confusion} keyed>
          {(counts) => <ConfusionTable confusion={counts} of={props.of} />}
        </Show>
      </div>
    </details>
  );
}

function FigureTable(props: { table: TableFigure }) {
  return (
    <section>
      <h4>{props.table.title}</h4>
      <div class="scroller" tabindex="0" role="region" aria-label={props.table.title}>
        <table class="figure-table">
          <thead>
            <tr>
              <td />
              <For each={props.table.columns}>{(column) => <th scope="col">{column}</th>}</For>
            </tr>
          </thead>
          <tbody>
            <For each={props.table.rows}>
              {({ name, cells }) => (
                <tr>
                  <th scope="row">{name}</th>
                  <For each={cells}>{(cell) => <td>{cell}</td>}</For>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Rows are people's labels, columns the model's; a cell's shade is its share of the row. */
function ConfusionTable(props: { confusion: Confusion; of: string }) {
  const { labels, counts } = props.confusion;
  const title = "What was taken for what, in percent of a row";
  return (
    <section>
      <h4>{title}</h4>
      <div class="scroller" tabindex="0" role="region" aria-label={`${title}: ${props.of}`}>
        <table class="figure-table confusion">
          <thead>
            <tr>
              <td class="small quiet">labelled ↓ model said →</td>
              <For each={labels}>{(label) => <th scope="col">{label}</th>}</For>
            </tr>
          </thead>
          <tbody>
            <For each={counts}>
              {(row, index) => {
                const total = row.reduce((sum, count) => sum + count, 0);
                return (
                  <tr>
                    <th scope="row">{labels[index()]}</th>
                    <For each={row}>
                      {(count) => (
                        <td style={{ "--share": count / total }}>{Math.round((count / total) * 100)}</td>
                      )}
                    </For>
                  </tr>
                );
              }}
            </For>
          </tbody>
        </table>
      </div>
    </section>
  );
}
