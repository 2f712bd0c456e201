import { withoutVariant, type AnnouncementJson } from "@similarfaces/contracts";
import type { AnnouncedModels, Log } from "@similarfaces/runtime";

export interface RivalsOptions {
  log: Pick<Log, "warn">;
  models: AnnouncedModels;
  leaseMs: number;
}

interface Announced {
  text: string;
  /** What it took the place of, and when. */
  before?: { text: string; atMs: number };
  /** When one took the other's place again. */
  rivalsAtMs: number;
}

/**
 * Says once, until there was none of it for a lease, that two models announce themselves by one name: they share a consumer, so each of
 * them answers some of its chips, and the answers are shown in the words of whoever renewed last. One that replaces the other, as a rolling
 * update does, does so while it lasts. Replicas that run other variants of one model are no rivals.
 * @returns what ends that
 */
export function watchRivals({ log, models, leaseMs }: RivalsOptions): () => void {
  const announced = new Map<string, Announced>();

  function look(): void {
    const list = models.analyzers();
    for (const name of announced.keys()) {
      if (!list.some((analyzer) => analyzer.name === name)) announced.delete(name);
    }
    for (const analyzer of list) compare(analyzer);
  }

  function compare(analyzer: AnnouncementJson): void {
    const { name } = analyzer;
    const text = JSON.stringify(withoutVariant(analyzer));
    const known = announced.get(name);
    if (known?.text === text) return;
    const atMs = Date.now();
    const { before, rivalsAtMs } = known ?? { before: undefined, rivalsAtMs: -Infinity };
    const areRivals = before?.text === text && atMs - before.atMs < leaseMs;
    if (areRivals && atMs - rivalsAtMs >= leaseMs) {
      log.warn(
        { analyzer: name, models: [modelOf(text), modelOf(known!.text)] },
        "two models announce themselves by this name, and each answers some of its chips: give one of them another",
      );
    }
    announced.set(name, {
      text,
      ...(known ? { before: { text: known.text, atMs } } : {}),
      rivalsAtMs: areRivals ? atMs : rivalsAtMs,
    });
  }

  look();
  return models.onChange(look);
}

function modelOf(text: string): string {
  const { model } = JSON.parse(text) as AnnouncementJson;
  return model ? `${model.id}@${model.version} of ${model.pack}` : "";
}
