import type { Figures } from "./scenarios.js";

/** The figures as the README shows them. */
export function table(rows: readonly Figures[]): string {
  const columns: [string, (row: Figures) => string][] = [
    ["scaled by", ({ name }) => name],
    ["first new replica at work", ({ firstReplicaSeconds }) => seconds(firstReplicaSeconds)],
    [
      "absorbed after",
      ({ absorbedSeconds, waitingMax }) =>
        absorbedSeconds === undefined ? "never" : waitingMax === 0 ? "at once" : seconds(absorbedSeconds),
    ],
    ["waiting at most", ({ waitingMax }) => String(waitingMax)],
    [
      "wait p50 / p99",
      ({ p50WaitSeconds, p99WaitSeconds }) => `${p50WaitSeconds.toFixed(2)} / ${p99WaitSeconds.toFixed(1)} s`,
    ],
    ["expired", ({ expired }) => String(expired)],
    ["lost, repeated", ({ lost, repeated }) => `${lost}, ${repeated}`],
    ["replicas at most", ({ replicasMax }) => String(replicasMax)],
    ["changes of mind at a level load", ({ decisionsWhileLevel }) => String(decisionsWhileLevel)],
    ["replica hours", ({ replicaHours }) => replicaHours.toFixed(1)],
  ];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map(([title]) => title)),
    line(columns.map(() => "---")),
    ...rows.map((row) => line(columns.map(([, cell]) => cell(row)))),
  ].join("\n");
}

function seconds(value: number | undefined): string {
  return value === undefined ? "none came" : `${Math.round(value)} s`;
}
