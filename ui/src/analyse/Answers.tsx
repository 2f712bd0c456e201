import type { AnalysisJson, AnnouncementJson, ClassificationSpecJson } from "@similarfaces/contracts/job";
import { For, Match, Show, Switch, createMemo } from "solid-js";
import { Bars, type Bar } from "../components/Bars";
import { capitalised, nameInWords, textIn } from "@similarfaces/contracts/texts";
import { Curve } from "./Curve";
import { MeasureRows } from "./MeasureRows";
import { RangeBar } from "./RangeBar";
import {
  answerWords,
  intervalWords,
  isPanel,
  longestWords,
  rankedLabels,
  shownAnswers,
  type ShownAnswer,
} from "@similarfaces/contracts/answers";
import "./Answers.css";

/** Labels that a card has bars for; all of them are in the details. */
const BARS = 3;

/** An analyzer's answers for a face, each drawn by its kind; without a value, the room that it will take. */
export function Answers(props: {
  announcement: AnnouncementJson | undefined;
  value: AnalysisJson | undefined;
}) {
  const shown = createMemo(() => shownAnswers(props.announcement, props.value));
  return (
    <Show
      when={isPanel(shown().map(({ spec }) => spec))}
      fallback={
        <For each={shown()} fallback={<p class="answer-words">&nbsp;</p>}>
          {(answer) => <AnswerBlock shown={answer} hasTitle={shown().length > 1} />}
        </For>
      }
    >
      <MeasureRows shown={shown()} />
    </Show>
  );
}

/** Words, then what they are made of: the most probable labels, a distribution, or a place in a range. */
function AnswerBlock(props: { shown: ShownAnswer; hasTitle: boolean }) {
  const { spec, answer } = props.shown;
  const title = textIn(spec.title) || nameInWords(spec.name);
  const interval = spec.measure && answer?.measure ? intervalWords(spec.measure, answer.measure) : "";
  return (
    <div class="answer" data-answer={spec.name}>
      <Show when={props.hasTitle}>
        <h4 class="answer-title">{title}</h4>
      </Show>
      <p class="answer-words">
        <span class="answer-room" aria-hidden="true">
          {longestWords(spec) || "\u00a0"}
        </span>
        <span>{capitalised(answerWords(props.shown))}</span>
      </p>
      <Switch>
        <Match when={spec.classification} keyed>
          {(labels) => (
            <Bars
              label={`${title}, probabilities`}
              bars={
                answer?.classification
                  ? rankedLabels(labels, answer.classification).slice(0, BARS)
                  : emptyBars(labels)
              }
            />
          )}
        </Match>
        <Match when={spec.measure?.bins} keyed>
          {(bins) => <Curve bins={bins} measure={answer?.measure} />}
        </Match>
        <Match when={spec.measure} keyed>
          {(measure) => <RangeBar spec={measure} value={answer?.measure?.value} />}
        </Match>
      </Switch>
      <Show when={interval || (spec.measure?.interval ?? 0) > 0}>
        <p class="small quiet">{interval || "\u00a0"}</p>
      </Show>
      <Show when={textIn(spec.caution)}>
        <p class="answer-caution small quiet">{textIn(spec.caution)}</p>
      </Show>
    </div>
  );
}

/** As many bars as there will be, of about the width of their labels. */
function emptyBars({ labels }: ClassificationSpecJson): Bar[] {
  return labels.slice(0, BARS).map(({ label, title }) => ({
    label: "\u00a0".repeat((textIn(title) || label).length),
    share: 0,
    text: "\u00a0".repeat(4),
  }));
}
