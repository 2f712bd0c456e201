import type { MeasurementJson } from "@similarfaces/contracts";

/**
 * A measurement as Markdown, as `models eval` writes it and as the model's card quotes it: one figure a line, then a table for each
 * figure that was measured by group. `labels` name the rows and columns of a confusion table.
 */
export function measurementMarkdown(measurement: MeasurementJson, labels: readonly string[] = []): string {
  const { data, n, date, figures } = measurement;
  const lines = [`### ${data}`, "", `n = ${n.toLocaleString("en")}, measured ${date}.`];
  const single = Object.entries(figures).filter(([, value]) => typeof value !== "object" || value === null);
  if (single.length > 0)
    lines.push("", ...single.map(([name, value]) => `- ${words(name)}: ${String(value)}`));
  for (const [name, value] of Object.entries(figures)) {
    if (typeof value !== "object" || value === null) continue;
    lines.push(
      "",
      ...(Array.isArray(value) ? confusion(name, value as number[][], labels) : groups(name, value)),
    );
  }
  return lines.join("\n");
}

function groups(name: string, value: object): string[] {
  const rows = Object.entries(value as Record<string, unknown>);
  const columns = [...new Set(rows.flatMap(([, cell]) => (isRecord(cell) ? Object.keys(cell) : [])))];
  if (columns.length === 0) {
    return table(
      [words(name), ""],
      rows.map(([group, cell]) => [group, cellOf(cell)]),
    );
  }
  return table(
    [words(name), ...columns.map(words)],
    rows.map(([group, cell]) => [
      group,
      ...columns.map((column) => cellOf(isRecord(cell) ? cell[column] : "")),
    ]),
  );
}

function confusion(name: string, rows: readonly (readonly number[])[], labels: readonly string[]): string[] {
  const names = rows.map((_, i) => labels[i] ?? String(i));
  return table(
    [words(name), ...names],
    rows.map((row, i) => [names[i]!, ...row.map(String)]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

/** A pair of a figure and the number of pictures it is of, or the figure. */
function cellOf(cell: unknown): string {
  return Array.isArray(cell) ? `${String(cell[0])} (n ${String(cell[1])})` : String(cell);
}

function words(name: string): string {
  return name.replaceAll("_", " ");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
