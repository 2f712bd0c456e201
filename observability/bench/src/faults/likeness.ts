import type { BoxJson, ClassificationJson, Field, JobState } from "@similarfaces/contracts";

/** Undisturbed, the same graphs on the same pixels answer the same; this is for batches of another size. */
const BOX_PIXELS = 0.5;
const AGE_YEARS = 0.5;

/**
 * Where the answers of two jobs of one photo differ: faces, boxes, labels. Fields that either has no answer for are passed over: that
 * they are missing is counted elsewhere. @returns names of what differs, "age.0"
 */
export function differences(undisturbed: JobState, job: JobState): string[] {
  if (job.extract.state !== "done") return [];
  if (job.faces.length !== undisturbed.faces.length) return ["extract"];
  return job.faces.flatMap((face, i) => {
    const other = undisturbed.faces[i]!;
    const fields = Object.keys(other.fields) as (keyof typeof other.fields)[];
    return [
      ...(sameBox(face.box, other.box) ? [] : [`box.${face.index}`]),
      ...fields
        .filter((stage) => !sameAnswer(face.fields[stage], other.fields[stage]))
        .map((stage) => `${stage}.${face.index}`),
    ];
  });
}

function sameBox(a: BoxJson, b: BoxJson): boolean {
  return (["x", "y", "width", "height"] as const).every((side) => Math.abs(a[side] - b[side]) <= BOX_PIXELS);
}

function sameAnswer(a: Field<unknown> | undefined, b: Field<unknown> | undefined): boolean {
  if (a?.state !== "done" || b?.state !== "done") return true;
  const [one, other] = [a.value, b.value] as Partial<ClassificationJson & { years: number }>[];
  if (one?.label !== other?.label) return false;
  return Math.abs((one?.years ?? 0) - (other?.years ?? 0)) <= AGE_YEARS;
}
