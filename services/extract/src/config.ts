import { FACES_MAX } from "@similarfaces/contracts";
import { integer } from "@similarfaces/runtime";

export const extractSettings = {
  /** Faces analysed of one photo at most, largest first. */
  facesMax: integer("FACES_MAX", { min: 1, max: FACES_MAX, default: FACES_MAX }),
};
