import type { AnalysisJson, Caution, Field, MatchesJson } from "@similarfaces/contracts/job";
import type { StageName } from "@similarfaces/contracts/stages";
import { For, Show, type Accessor } from "solid-js";
import { AnalyzerField, isWideField } from "./AnalyzerField";
import { FieldBlock } from "./FieldBlock";
import { Similar } from "./Similar";

export interface CardFieldsProps {
  /** The analyzers that have a place in the card. */
  stages: readonly StageName[];
  /** Undefined where the job did not ask for it. */
  fieldOf: (stage: StageName) => Accessor<Field<AnalysisJson> | undefined>;
  /** Undefined where nothing compares faces. */
  match: Accessor<Field<MatchesJson> | undefined> | undefined;
  /** Of the matches. */
  cautions: readonly Caution[];
}

/** What is answered of a face: answers in words, the nearest faces, then panels of figures. */
export function CardFields(props: CardFieldsProps) {
  const wordy = () => props.stages.filter((stage) => !isWideField(stage));
  const wide = () => props.stages.filter(isWideField);
  return (
    <>
      <Show when={wordy().length > 0}>
        <div class="face-fields">
          <For each={wordy()}>{(stage) => <AnalyzerField stage={stage} field={props.fieldOf(stage)} />}</For>
        </div>
      </Show>
      <Show when={props.match} keyed>
        {(match) => (
          <FieldBlock stage="match" name="Similar faces" field={match} isWide>
            {(value) => <Similar matches={value} cautions={props.cautions} />}
          </FieldBlock>
        )}
      </Show>
      <For each={wide()}>{(stage) => <AnalyzerField stage={stage} field={props.fieldOf(stage)} />}</For>
    </>
  );
}
