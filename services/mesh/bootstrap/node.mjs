const OLDEST = [20, 19];

/** Ends the process with one sentence on a Node that is too old. Written so that an old one can read it. */
export function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  console.error(
    `similarfaces needs Node ${OLDEST.join(".")} or later; this is Node ${process.versions.node}.`,
  );
  process.exit(1);
}
