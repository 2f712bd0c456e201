import type { ProfileReport, ProfileRow } from "./profile.js";

/** As Markdown, so that it can stand in a README as it is. */
export function profileTable({ photos, main, threads, broker, profiler, others }: ProfileReport): string {
  const ofBroker = [
    { name: "nats-server, user", mesh: broker.user, bare: 0 },
    { name: "nats-server, system", mesh: broker.system, bare: 0 },
  ];
  const lines = [
    "| ms of processor time per photo | mesh | bare loop | difference |",
    "|---|---:|---:|---:|",
    ...main.filter(isSomething).map(rowOf),
    rowOf(total("**main threads**", main)),
    ...threads.filter(isSomething).map(rowOf),
    ...ofBroker.map(rowOf),
    rowOf(total("**all**", [...main, ...threads, ...ofBroker])),
  ];
  const named = others.map(({ name, mesh }) => `${name} ${mesh.toFixed(2)}`).join(", ");
  return [
    ...lines,
    "",
    `the profilers' own threads, in no sum: ${profiler.mesh.toFixed(2)} in the mesh, ${profiler.bare.toFixed(2)} in the bare loop`,
    `${photos.mesh} photos in the mesh, ${photos.bare} in the bare loop${named ? `; most of other: ${named}` : ""}`,
  ].join("\n");
}

/** What rounds to nothing on both sides is no line. */
const isSomething = ({ mesh, bare }: ProfileRow) => Math.max(mesh, bare) >= 0.005;

function rowOf({ name, mesh, bare }: ProfileRow): string {
  const cells = [mesh, bare, mesh - bare].map((ms) => ms.toFixed(2));
  return `| ${[name, ...cells].join(" | ")} |`;
}

function total(name: string, rows: readonly ProfileRow[]): ProfileRow {
  const sum = (of: "mesh" | "bare") => rows.reduce((all, row) => all + row[of], 0);
  return { name, mesh: sum("mesh"), bare: sum("bare") };
}
