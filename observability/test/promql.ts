const KEYWORDS = new Set(["and", "or", "unless", "offset", "bool", "inf", "nan"]);

/** The series that a query reads, and the labels it selects them by. Good for the queries of this folder, which have no nested braces. */
export function readsOf(expr: string): { series: string; labels: string[] }[] {
  const plain = expr
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\[[^\]]*\]/g, "")
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, "");
  const reads: { series: string; labels: string[] }[] = [];
  for (const [, name = "", selector = ""] of plain.matchAll(
    /(?<![\w:])([a-zA-Z_:][\w:]*)(?!\s*\()(?:\{([^}]*)\})?(?![\w:(])/g,
  )) {
    if (KEYWORDS.has(name)) continue;
    const labels = [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label!);
    reads.push({ series: name, labels });
  }
  return reads;
}

/** Labels by which a query groups. */
export function groupsOf(expr: string): string[] {
  return [...expr.matchAll(/\bby\s*\(([^)]*)\)/g)].flatMap(([, list = ""]) =>
    list.split(",").map((label) => label.trim()),
  );
}
