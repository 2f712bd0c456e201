import type { Attribute } from "../attribute.js";
import { classify } from "../classification.js";

/** A guess at how annotators labelled photographs (FairFace's groups); it says nothing certain about a person. */
export const race: Attribute = {
  name: "race",
  read: (outputs, manifest) => ({ case: "race", value: classify(outputs, manifest) }),
};
