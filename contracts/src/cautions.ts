import type { AnalysisJson, Field } from "./job.js";
import type { Verdict } from "./shapes.js";
import { isCoreStage, type StageName } from "./stages.js";

/** Parts of a face that a label may say are hidden, from the top down. */
export const FACE_PARTS = ["eyes", "nose", "mouth"] as const;
export type FacePart = (typeof FACE_PARTS)[number];

/** Why a face's matches are less certain than its embedding alone says. */
export interface Caution {
  /** The analyzer that says so. */
  stage: StageName;
  /** The parts of the face that its answer says are hidden. */
  hides: FacePart[];
  /** "nose and mouth are covered: less certain" */
  message: string;
}

/** What a face's analyzers have answered of parts that are hidden, by the stage's name: one order, whichever answered first. */
export function cautionsOf(fields: Readonly<Record<StageName, Field<unknown>>>): Caution[] {
  return Object.keys(fields)
    .filter((stage) => !isCoreStage(stage))
    .toSorted()
    .flatMap((stage) => {
      const hides = hiddenBy(fields[stage] as Field<AnalysisJson>);
      return hides.length > 0 ? [{ stage, hides, message: messageOf(hides) }] : [];
    });
}

/** One step down for each verdict, whatever the number of cautions. */
const LOWERED: Readonly<Record<Verdict, Verdict>> = {
  very_alike: "quite_alike",
  quite_alike: "a_little_alike",
  a_little_alike: "no_close_match",
  no_close_match: "no_close_match",
  uncalibrated: "uncalibrated",
};

/** The verdict as it is shown: one step lower where there is a caution. */
export const shownVerdict = (verdict: Verdict, cautions: readonly Caution[]): Verdict =>
  cautions.length > 0 ? LOWERED[verdict] : verdict;

function hiddenBy(field: Field<AnalysisJson>): FacePart[] {
  if (field.state !== "done") return [];
  const named = field.value.answers.flatMap(({ classification }) => classification?.hides ?? []);
  return FACE_PARTS.filter((part) => named.includes(part));
}

function messageOf(hides: readonly FacePart[]): string {
  const last = hides.at(-1)!;
  const names = hides.length > 1 ? `${hides.slice(0, -1).join(", ")} and ${last}` : last;
  return `${names} ${hides.length > 1 || last === "eyes" ? "are" : "is"} covered: less certain`;
}
