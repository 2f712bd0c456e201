import type { Statistics } from "@similarfaces/contracts/api";

/** For a person: one line, and one more for whatever is not searched, or not gone yet. */
export function statisticsText(statistics: Statistics): string {
  const { identities, faces, driver, model, notSearched, deleting } = statistics;
  const lines = [`${identities} people, ${faces} faces; driver ${driver}, embeddings of ${model}`];
  for (const other of notSearched)
    lines.push(`${other.faces} faces of ${other.model} are not searched: npm run gallery -- re-enrol`);
  if (deleting.identities > 0)
    lines.push(
      `${deleting.faces} faces of ${deleting.identities} people are being deleted in the background`,
    );
  return lines.join("\n");
}
