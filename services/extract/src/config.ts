import { FACES_MAX, FACE_FLOOR } from "@similarfaces/contracts";
import { integer, ratio } from "@similarfaces/runtime";

export const extractSettings = {
  /** Faces analysed of one photo at most, largest first. */
  facesMax: integer("FACES_MAX", { min: 1, max: FACES_MAX, default: FACES_MAX }),
  /** Faces of a lower score are none, 0..1; 0 takes the second look's own threshold. */
  faceScoreMin: ratio("FACE_SCORE_MIN", { default: 0 }),
  /** Faces that are smaller or more blurred than this keep their box and are skipped: 0..1, 0 skips none. */
  faceFloor: ratio("FACE_FLOOR", { default: FACE_FLOOR }),
};
