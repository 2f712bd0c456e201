import type { Measurement } from "@similarfaces/contracts/api";
import { announcementOf } from "../analyzers";
import { about } from "../installation";
import { isNamed, variantOf } from "../modelNames";

/** What was measured of the model that answered, in the variant that did; one that came since the page asked is known by its announcement. */
export function measurementsOf(stage: string, answeredBy: string): readonly Measurement[] {
  const model = about()?.models.find((known) => isNamed(known, answeredBy));
  if (model) return variantOf(model, answeredBy)?.measured ?? [];
  const announced = announcementOf(stage)?.model;
  return announced && isNamed(announced, answeredBy) ? announced.measured : [];
}
