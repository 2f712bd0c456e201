import type { AnalysisJson, AnnouncementJson } from "@similarfaces/contracts/job";
import { For, Match, Show, Switch } from "solid-js";
import { Bars } from "../components/Bars";
import { nameInWords, textIn } from "@similarfaces/contracts/texts";
import { intervalWords, measureText, rankedLabels, shownAnswers } from "@similarfaces/contracts/answers";

/** Every label with its probability, every measure with its figure and interval, and what to beware of. */
export function AnswerDetails(props: { announcement: AnnouncementJson | undefined; value: AnalysisJson }) {
  const shown = () => shownAnswers(props.announcement, props.value);
  return (
    <For each={shown()}>
      {({ spec, answer }) => {
        const title = textIn(spec.title) || nameInWords(spec.name);
        const interval = answer?.measure ? intervalWords(spec.measure, answer.measure) : "";
        return (
          <>
            <Switch>
              <Match when={answer?.classification} keyed>
                {(guess) => (
                  <>
                    <Show when={shown().length > 1}>
                      <h4 class="answer-title">{title}</h4>
                    </Show>
                    <Bars bars={rankedLabels(spec.classification, guess)} label={`${title}, all labels`} />
                  </>
                )}
              </Match>
              <Match when={answer?.measure} keyed>
                {({ value, unit }) => (
                  <p class="small">
                    {title}: <b>{measureText(spec.measure, value, unit)}</b>
                    <Show when={interval}>
                      {" "}
                      <span class="quiet">({interval})</span>
                    </Show>
                  </p>
                )}
              </Match>
            </Switch>
            <Show when={answer && textIn(spec.caution)} keyed>
              {(caution) => <p class="small quiet">{caution}</p>}
            </Show>
          </>
        );
      }}
    </For>
  );
}
