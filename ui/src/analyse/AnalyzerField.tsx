import type { AnalysisJson, Field } from "@similarfaces/contracts/job";
import type { StageName } from "@similarfaces/contracts/stages";
import type { Accessor } from "solid-js";
import { announcementOf, titleOf } from "../analyzers";
import { Answers } from "./Answers";
import { FieldBlock } from "./FieldBlock";
import { isPanel } from "@similarfaces/contracts/answers";

/** A panel of figures takes the width of the card, and stands below the answers in words. */
export const isWideField = (stage: StageName): boolean => isPanel(announcementOf(stage)?.answers ?? []);

export function AnalyzerField(props: { stage: StageName; field: Accessor<Field<AnalysisJson> | undefined> }) {
  return (
    <FieldBlock
      stage={props.stage}
      name={titleOf(props.stage)}
      field={props.field}
      isWide={isWideField(props.stage)}
    >
      {(value) => <Answers announcement={announcementOf(props.stage)} value={value} />}
    </FieldBlock>
  );
}
