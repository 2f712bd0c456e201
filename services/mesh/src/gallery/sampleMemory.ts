import { readFile, rename, writeFile } from "node:fs/promises";

/** `<data>/sample-gallery.json`: what has been enrolled, by file, and what is on its way, by job. */
export interface Progress {
  /** The gallery was empty when the first was enrolled. */
  begun: boolean;
  complete: boolean;
  jobs: Record<string, string>;
  done: string[];
  /** The embedder in use when all were in the gallery; a file of the first generation names none. */
  model?: string;
}

/** The file of a Progress. */
export class SampleMemory {
  readonly #file: string;
  #writing = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  async read(): Promise<Progress> {
    try {
      return JSON.parse(await readFile(this.#file, "utf8")) as Progress;
    } catch {
      return { begun: false, complete: false, jobs: {}, done: [] };
    }
  }

  /** In one step, and one after the other. */
  write(progress: Progress): Promise<void> {
    const text = JSON.stringify(progress);
    return (this.#writing = this.#writing.then(async () => {
      await writeFile(`${this.#file}.new`, text);
      await rename(`${this.#file}.new`, this.#file);
    }));
  }
}
