/** What a model pack knows how to do, one graph each. */
export const TASKS = ["detect", "embed", "age", "gender", "race", "emotion"] as const;
export type Task = (typeof TASKS)[number];

/** `models/<pack>/<task>/manifest.json`; the schema is models/manifest.schema.json. */
export interface Manifest {
  id: string;
  version: string;
  task: Task;
}
