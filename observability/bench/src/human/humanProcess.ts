import { fileURLToPath } from "node:url";
import type { MixPhoto } from "@similarfaces/load";
import { startAsked } from "../askedProcess.js";
import type { SpentRound } from "../spentRound.js";

/** vladmandic/human in a process of its own: its WebAssembly has one thread in Node. */
export interface HumanProcess {
  /** "human 3.3.6, tfjs 4.22.0 (wasm)" */
  readonly version: string;
  /** File names. */
  readonly models: readonly string[];
  /** @returns the faces it finds */
  facesIn(photo: Uint8Array): Promise<number>;
  round(photos: readonly MixPhoto[], roundMs: number): Promise<SpentRound>;
  close(): Promise<void>;
}

export interface HumanHello {
  version: string;
  models: string[];
}
export type HumanQuestion = { photo: Uint8Array } | { photos: readonly MixPhoto[]; roundMs: number };

const MAIN = fileURLToPath(new URL("../../dist/human/humanMain.js", import.meta.url));

/** @param folder as `fetchHuman` made it */
export async function startHuman(folder: string): Promise<HumanProcess> {
  const asked = await startAsked<HumanHello>("human", MAIN, { args: [folder] });
  return {
    ...asked.hello,
    facesIn: async (photo) => (await asked.ask<{ faces: number }>({ photo })).faces,
    round: (photos, roundMs) => asked.ask({ photos, roundMs }),
    close: () => asked.close(),
  };
}
