import type { ModelAbout } from "@similarfaces/contracts/api";
import type { AnnouncementJson } from "@similarfaces/contracts/job";
import type { StageName } from "@similarfaces/contracts/stages";
import { For, Show, createMemo } from "solid-js";
import { analyzers, titleOf } from "../analyzers";
import { nameInWords, textIn } from "@similarfaces/contracts/texts";
import { isNamed } from "../modelNames";
import { ModelCard } from "./ModelCard";
import type { StatusStore } from "./createStatus";
import "./Models.css";

/** The models that every photo meets first, in that order. */
const FIRST: readonly { task: string; stage: StageName; limits: string }[] = [
  {
    task: "detect",
    stage: "extract",
    limits:
      "Misses faces that are small, dark, covered or turned away, and now and then takes an object for a face.",
  },
  {
    task: "refine",
    stage: "extract",
    limits:
      "Takes a second look at whatever detect proposes, and finds the eyes, nose and mouth. If it sees no face there, nothing is analysed.",
  },
  {
    task: "embed",
    stage: "embed",
    limits:
      "Looking alike to a model proves nothing about identity: two people can look alike to it, and one person can look different on another day.",
  },
];

/** The models of the installation, each with what was measured and what it is not: those of the system, the analyzers', then unused ones. */
export function Models(props: { models: readonly ModelAbout[]; store: StatusStore }) {
  const isInUse = (model: { id: string; version: string }, stage: StageName) =>
    props.store.of(stage)?.models.some((name) => isNamed(model, name)) ?? false;
  /** What runs or has answered, or the first by name of its pack where nothing is known to. */
  const shown = (task: string, stage: StageName) => {
    const known = props.models.filter((model) => model.task === task);
    const used = known.filter((model) => model.precision || isInUse(model, stage));
    return used.length > 0 ? used : known.slice(0, 1);
  };
  /** With all of its variants; one that is announced and was not when the page asked has the one that runs. */
  const described = ({ name, model }: AnnouncementJson): ModelAbout =>
    props.models.find((known) => isNamed(model, `${known.id}@${known.version}`)) ?? {
      ...model,
      name,
      task: "analyze",
      variants: [{ precision: model.precision, measured: model.measured }],
    };
  const others = createMemo(() => {
    const first = FIRST.flatMap(({ task, stage }) => shown(task, stage));
    const announced = analyzers().map(({ model: { id, version } }) => `${id}@${version}`);
    return props.models.filter(
      (model) => !first.includes(model) && !announced.some((name) => isNamed(model, name)),
    );
  });
  return (
    <>
      <div class="models">
        <For each={FIRST}>
          {({ task, stage, limits }) => (
            <For each={shown(task, stage)}>
              {(model) => (
                <ModelCard
                  model={model}
                  stage={stage}
                  title={task}
                  limits={[limits]}
                  labels={[]}
                  isInUse={isInUse(model, stage)}
                />
              )}
            </For>
          )}
        </For>
        <For each={analyzers()}>
          {(announcement) => (
            <ModelCard
              model={described(announcement)}
              stage={announcement.name}
              title={titleOf(announcement.name)}
              limits={cautionsOf(announcement)}
              labels={labelsOf(announcement)}
              isInUse={isInUse(announcement.model, announcement.name)}
            />
          )}
        </For>
      </div>
      <Show when={others().length > 0}>
        <details class="models-others">
          <summary>Other models that this server can use: {others().length}</summary>
          <div class="models">
            <For each={others()}>
              {(model) => (
                <ModelCard
                  model={model}
                  stage={FIRST.find(({ task }) => task === model.task)?.stage ?? "extract"}
                  title={model.name}
                  limits={[]}
                  labels={[]}
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

/** Each once, however many answers it belongs to. */
function cautionsOf({ answers }: AnnouncementJson): string[] {
  return [...new Set(answers.map(({ caution }) => textIn(caution)).filter((caution) => caution !== ""))];
}

/** The labels of the one classification; empty where there are several, since a manifest's figures do not name their answer. */
function labelsOf({ answers }: AnnouncementJson): string[] {
  const classifications = answers.flatMap(({ classification }) => classification ?? []);
  if (classifications.length !== 1) return [];
  return classifications[0]!.labels.map(({ label, title }) => textIn(title) || nameInWords(label));
}
