/** Rows of a csv whose first line names the columns. Fields hold no commas or quotes: labels and file names do not. */
export function csvRows(text: string): Record<string, string>[] {
  const [head = "", ...lines] = text.trim().split(/\r?\n/);
  const columns = head.split(",").map((name) => name.trim());
  return lines
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const fields = line.split(",");
      return Object.fromEntries(columns.map((name, i) => [name, (fields[i] ?? "").trim()]));
    });
}
