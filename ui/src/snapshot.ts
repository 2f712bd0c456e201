import type { Field, FailureJson, JobView, ResultEvent, TimingsJson } from "@similarfaces/contracts/job";
import { rowOf, type StageName } from "@similarfaces/contracts/stages";

/** A snapshot as the results it was made from, so that whatever comes goes through the one reducer. */
export function eventsOf({ jobId, accepted, extract, faces, deletedAtMs }: JobView): ResultEvent[] {
  const events: ResultEvent[] = [];
  const push = (stage: ResultEvent["stage"], outcome: Partial<ResultEvent>) =>
    events.push({ jobId, stage, model: "", attempt: 1, ...outcome });
  if (accepted) push("accepted", { accepted });
  pushField("extract", extract);
  for (const face of faces) {
    for (const [stage, field] of Object.entries(face.fields)) {
      pushField(stage, field, face.index);
    }
  }
  if (deletedAtMs !== undefined) push("deleted", { deleted: { deletedAtMs } });
  return events;

  function pushField(stage: StageName, field: Field<unknown>, face?: number): void {
    const about = face === undefined ? {} : { face };
    if (field.state === "done") {
      const { value, model, attempt } = field;
      push(stage, { ...about, [rowOf(stage).outcome]: value, model, attempt, ...timed(field.timings) });
    } else if (field.state === "failed") {
      const failure: FailureJson = field.failure;
      push(stage, { ...about, failure, ...timed(field.timings) });
    }
  }
}

function timed(timings: TimingsJson | undefined): { timings?: TimingsJson } {
  return timings ? { timings } : {};
}
