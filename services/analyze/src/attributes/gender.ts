import type { Attribute } from "../attribute.js";
import { classify } from "../classification.js";

/** As seen in the picture, among the two labels that the training data knows. */
export const gender: Attribute = {
  name: "gender",
  read: (outputs, manifest) => ({ case: "gender", value: classify(outputs, manifest) }),
};
