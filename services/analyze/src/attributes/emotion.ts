import type { Attribute } from "../attribute.js";
import { classify } from "../classification.js";

/** The expression of this moment (FER2013's labels), not what somebody feels. */
export const emotion: Attribute = {
  name: "emotion",
  read: (outputs, manifest) => ({ case: "emotion", value: classify(outputs, manifest) }),
};
