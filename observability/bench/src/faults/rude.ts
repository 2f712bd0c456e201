import { RudeConnection } from "./rudeConnection.js";
import { RUDENESS, type RudenessName } from "./rudeness.js";
import type { Attack } from "./trial.js";

export interface RudeOptions {
  clients: number;
  /** Of the honest visitors. */
  jobs: number;
  photo: Uint8Array;
  random(): number;
}

/** After 64 MiB of a body that nobody wanted one build of uWebSockets.js ended the process. */
const ENDLESS_BYTES = 72 * 1024 * 1024;
/** As long as a client is rude; then it comes again as another kind. */
const RUDE_MS = 20_000;

/** So many clients at once are rude in every way there is, from before the first honest photo until all of those are answered. */
export function rude({ clients, jobs, photo, random }: RudeOptions): Attack {
  const kinds = Object.keys(RUDENESS) as RudenessName[];
  return {
    jobs,
    async run({ mesh, over }) {
      const client = async (first: number) => {
        for (let turn = first; !over.aborted; turn++) {
          const connection = new RudeConnection(mesh.url);
          const enough = AbortSignal.any([over, AbortSignal.timeout(RUDE_MS)]);
          const behave = RUDENESS[kinds[turn % kinds.length]!];
          await behave({ connection, photo, random, enough, endlessBytes: ENDLESS_BYTES });
          connection.reset();
          // Whoever was cut off does not come back at once: this is rudeness, not a flood.
          await new Promise((resolve) => setTimeout(resolve, 1_000));
        }
      };
      await Promise.all(Array.from({ length: clients }, (_, i) => client(i)));
      return {};
    },
  };
}
