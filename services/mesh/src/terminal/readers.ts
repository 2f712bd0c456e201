/**
 * Whoever reads what is printed may have had enough ("| head"): then nothing more is printed, and the command ends as it would, with a mesh that
 * it has started stopped, and its table written.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.listeners("error").includes(unlessGone)) stream.on("error", unlessGone);
  }
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

/** Whether anybody still reads standard output. */
export function isRead(): boolean {
  return process.stdout.errored === null;
}
