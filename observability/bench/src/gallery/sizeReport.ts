/** Figures at one size of the gallery. Quantiles are in milliseconds. */
export interface SizeReport {
  faces: number;
  addsPerSecond: number;
  /** Of the ten nearest people, against comparing with every face. */
  recall: number;
  /** Of the driver's search alone. */
  searchMs: Quantiles;
  /** Of the stage `match`: reading the message, searching, making the answer. */
  stageMs: Quantiles;
  /** From publishing the probe to the answer that a viewer gets. */
  wholeMs: Quantiles;
  /** Milliseconds until another replica finds a new face, or no longer finds a deleted one. */
  visibleMs: { add: number; delete: number; worst: number };
  /** Of the `nats` driver, whose replicas hold the gallery in memory. */
  memory?: MemoryReport;
}

export interface Quantiles {
  p50: number;
  p99: number;
}

export interface MemoryReport {
  bytesPerFace: number;
  /** Seconds until a replica has rebuilt its index from the record, written a snapshot, loaded one. */
  rebuildS: number;
  snapshotS: number;
  loadS: number;
}

/** One size in a few lines; `count` is how many people a search asks for. */
export function describeSize(report: SizeReport, count: number): string {
  const { faces, addsPerSecond, recall, searchMs, stageMs, wholeMs, visibleMs, memory } = report;
  const both = ({ p50, p99 }: Quantiles) => `${p50.toFixed(2)} / ${p99.toFixed(2)} ms`;
  const lines = [
    `${faces} faces: recall@${count} ${recall.toFixed(4)}; p50 / p99 of a search ${both(searchMs)}, ` +
      `of the stage match ${both(stageMs)}, from probe to answer ${both(wholeMs)}`,
    `  ${addsPerSecond.toFixed(0)} faces/s added; on another replica an addition is seen after ${visibleMs.add.toFixed(1)} ms, ` +
      `a deletion after ${visibleMs.delete.toFixed(1)} ms (p50; the worst ${visibleMs.worst.toFixed(1)} ms)`,
  ];
  if (memory) {
    lines.push(
      `  ${memory.bytesPerFace.toFixed(0)} bytes of memory per face; rebuilt from the record in ${memory.rebuildS.toFixed(2)} s, ` +
        `snapshot written in ${memory.snapshotS.toFixed(2)} s, loaded in ${memory.loadS.toFixed(2)} s`,
    );
  }
  return lines.join("\n");
}

/** From each size to the next one line: how much longer a search takes. */
export function describeGrowth(reports: readonly SizeReport[]): string[] {
  return reports.slice(1).map((report, i) => {
    const before = reports[i]!;
    const times = (of: (report: SizeReport) => number) => (of(report) / of(before)).toFixed(1);
    return (
      `${before.faces} to ${report.faces} faces: x${times(({ faces }) => faces)}; p50 of a search x${times(({ searchMs }) => searchMs.p50)}, ` +
      `of the stage x${times(({ stageMs }) => stageMs.p50)}` +
      (report.memory ? `, rebuild x${times(({ memory }) => memory!.rebuildS)}` : "")
    );
  });
}
