/** Series of a Prometheus text, by name and labels as they stand there. */
export type Scrape = ReadonlyMap<string, number>;

/** A process's metrics now, at the address that run.json says. The event loop's delay counts from one scrape to the next. */
export async function scrape(metricsUrl: string): Promise<Scrape> {
  const text = await (await fetch(metricsUrl)).text();
  const series = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /^([a-z_]+(?:\{[^}]*\})?) (\S+)$/.exec(line);
    if (match?.[1] && match[2]) series.set(match[1], Number(match[2]));
  }
  return series;
}

/** @throws Error for a series that is not there, rather than a figure that is none */
export function valueOf(series: Scrape, name: string): number {
  const value = series.get(name);
  if (value === undefined) throw new Error(`the metrics have no ${name}`);
  return value;
}
