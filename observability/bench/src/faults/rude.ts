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

/** One build of uWebSockets.js ended the process after 64 MiB of a body that was not read. */
const ENDLESS_BYTES = 72 * 1024 * 1024;
/** After this time a client comes again with the next kind of rudeness. */
const RUDE_MS = 20_000;

/** `clients` at once, each rude in every way in turn, until every photo of the honest visitors is answered. */
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
          // A client that was cut off waits before it comes back: this is no flood.
          await new Promise((resolve) => setTimeout(resolve, 1_000));
        }
      };
      await Promise.all(Array.from({ length: clients }, (_, i) => client(i)));
      return {};
    },
  };
}
