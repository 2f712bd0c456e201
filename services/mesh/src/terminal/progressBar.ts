/** A line at the bottom of a terminal that counts; silent where standard error is no terminal or there is one thing. */
export class ProgressBar {
  readonly #what: string;
  readonly #total: number;
  readonly #startedAtMs = performance.now();
  readonly #visible: boolean;
  #done = 0;

  constructor(what: string, total: number) {
    this.#what = what;
    this.#total = total;
    this.#visible = process.stderr.isTTY && total > 1;
    this.#draw();
  }

  advance(count = 1): void {
    this.#done += count;
    this.#draw();
  }

  /** Prints a line to standard output, or a second one to standard error, above the bar. */
  above(line: string, error = ""): void {
    this.#clear();
    if (line !== "") process.stdout.write(`${line}\n`);
    if (error !== "") process.stderr.write(`${error}\n`);
    this.#draw();
  }

  end(): void {
    this.#clear();
  }

  #draw(): void {
    if (!this.#visible) return;
    const width = 24;
    const filled = Math.round((width * this.#done) / this.#total);
    const perSecond = (this.#done / (performance.now() - this.#startedAtMs)) * 1_000;
    const eta = perSecond > 0 ? `${Math.ceil((this.#total - this.#done) / perSecond)} s left` : "";
    const bar = "█".repeat(filled) + "░".repeat(width - filled);
    process.stderr.write(
      `\r${bar} ${this.#done}/${this.#total} ${this.#what}, ${perSecond.toFixed(1)}/s ${eta}\u001b[K`,
    );
  }

  #clear(): void {
    if (this.#visible) process.stderr.write("\r\u001b[K");
  }
}
