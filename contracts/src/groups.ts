/** Faces of a photo that travel in one message: a message costs the broker and everybody who reads it about as much whatever it carries. */
export const FACES_PER_MESSAGE_MAX = 4;

/** What there is to know of a face here: those that are skipped travel in no message. */
export interface GroupedFace {
  readonly index: number;
  readonly skipped: boolean;
}

/**
 * The faces of a photo in groups that travel and are answered together, largest first, each named by its first. It follows from
 * the faces alone, never from timing: whoever sends them again, or looks for their answers, makes the same groups.
 * @param most faces of a group, at least 1
 */
export function groupsOf<Face extends GroupedFace>(faces: readonly Face[], most: number): Face[][] {
  const analysed = faces.filter(({ skipped }) => !skipped);
  const groups: Face[][] = [];
  for (let first = 0; first < analysed.length; first += most)
    groups.push(analysed.slice(first, first + most));
  return groups;
}
