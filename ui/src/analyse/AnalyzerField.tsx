import { isPanel } from "@similarfaces/contracts/answers";
import type { AnalysisJson, AnnouncementJson, Field } from "@similarfaces/contracts/job";
import type { StageName } from "@similarfaces/contracts/stages";
import { textIn } from "@similarfaces/contracts/texts";
import { Index, type Accessor } from "solid-js";
import { announcementOf, titleOf } from "../analyzers";
import { Answers } from "./Answers";
import { FieldBlock } from "./FieldBlock";

/** A panel of figures takes the width of the card, and stands below the answers in words. */
export const isWideField = (stage: StageName): boolean => isPanel(announcementOf(stage)?.answers ?? []);

/** What has a name and a place of its own in the card. */
interface Part {
  name: string;
  announcement: AnnouncementJson | undefined;
  of(value: AnalysisJson): AnalysisJson;
}

/** Each answer in words has a place of its own, whether its analyzer gives others or not; figures of one analyzer stand together. */
function partsOf(stage: StageName): Part[] {
  const announcement = announcementOf(stage);
  const specs = announcement?.answers ?? [];
  if (!announcement || specs.length < 2 || isPanel(specs))
    return [{ name: titleOf(stage), announcement, of: (value) => value }];
  return specs.map((spec, index) => ({
    name: textIn(spec.title) || spec.name,
    announcement: { ...announcement, answers: [spec] },
    // The last has what was answered beyond the announcement, too.
    of: ({ answers, ...value }) => ({
      ...value,
      answers: answers.filter(({ name }) => {
        const announced = specs.findIndex((each) => each.name === name);
        return (announced < 0 ? specs.length - 1 : announced) === index;
      }),
    }),
  }));
}

export function AnalyzerField(props: { stage: StageName; field: Accessor<Field<AnalysisJson> | undefined> }) {
  return (
    <Index each={partsOf(props.stage)}>
      {(part) => (
        <FieldBlock
          stage={props.stage}
          name={part().name}
          field={props.field}
          isWide={isWideField(props.stage)}
        >
          {(value) => <Answers announcement={part().announcement} value={value && part().of(value)} />}
        </FieldBlock>
      )}
    </Index>
  );
}
