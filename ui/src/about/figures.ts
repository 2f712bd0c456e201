import { percentText } from "@similarfaces/contracts/texts";
import { labelInWords } from "../formats";

/** One figure of a manifest in words. */
export interface Fact {
  name: string;
  text: string;
}

/** The same figure for every group of people, or for every label. */
export interface GroupFigure {
  title: string;
  /** How far the best and the worst are apart, as a sentence. */
  spread: string;
  rows: { name: string; share: number; text: string }[];
}

export interface TableFigure {
  title: string;
  columns: string[];
  rows: { name: string; cells: string[] }[];
}

export interface Confusion {
  labels: readonly string[];
  /** How many faces of the row's label were given the column's. */
  counts: number[][];
}

export interface Figures {
  facts: Fact[];
  groups: GroupFigure[];
  tables: TableFigure[];
  confusion?: Confusion;
}

/** What is measured in years of age instead of shares. */
const IN_YEARS = /^mae|_years$/;
/** Cosines and other bare numbers. */
const BARE = /^(threshold|cosine)/;
const IN_PERCENT = /_percent(_of_|$)/;

const NAMES: Readonly<Record<string, string>> = {
  accuracy: "right",
  accuracy7: "right, of seven labels",
  adults_only: "right, adults only",
  ap_easy: "average precision, easy faces",
  ap_hard: "average precision, hard faces",
  ap_medium: "average precision, medium faces",
  bin9_accuracy: "right, of nine age bands",
  by_threshold: "By score threshold",
  calibration_error: "probabilities off by, on average",
  ci95: "give or take (95% confidence)",
  cosine_least: "cosine, at least",
  cosine_mean: "cosine, on average",
  covered_by_80_percent_interval: "within the 80% interval",
  false_alarms: "false alarms",
  found_by_roll: "Found, by how the photo is turned",
  genuine: "pairs of one person",
  impostor: "pairs of two people",
  landmark_error_percent_of_side: "eyes, nose and mouth off by, of the face's side",
  mae_years: "off by, on average",
  median_width_of_interval_years: "width of that interval, median",
  of: "faces in the set",
  rank1: "nearest face is the right person",
  gallery: "people in the gallery",
  recall: "Recognised, by label",
  scenes_without_faces: "scenes without faces",
  std: "spread over folds",
  threshold_at_fmr: "Similarity at a false match rate of",
  tmr_at_fmr: "Same person recognised at a false match rate of",
  within_5: "within 5 years",
  within_one_bin: "right or one band off",
};

/** The figures of one measurement in the order of the manifest, sorted by how they are shown. */
export function describeFigures(figures: Record<string, unknown>, labels: readonly string[] = []): Figures {
  const described: Figures = { facts: [], groups: [], tables: [] };
  for (const [key, value] of Object.entries(figures)) {
    if (isRecord(value)) {
      const entries = Object.entries(value);
      if (entries.every(([, figure]) => isRecord(figure))) {
        described.tables.push(tableOf(nameOf(key), entries as [string, Record<string, unknown>][]));
      } else {
        described.groups.push(groupOf(key, entries));
      }
    } else if (isCounts(value)) {
      described.confusion = {
        labels: labels.length > 0 ? labels : labelsOf(figures["recall"], value),
        counts: value,
      };
    } else {
      described.facts.push({ name: nameOf(key), text: textOf(key, value) });
    }
  }
  return described;
}

/** Of a model whose labels nobody announces: those that its recall is given for, in the model's order, else their numbers. */
function labelsOf(recall: unknown, counts: number[][]): string[] {
  return isRecord(recall)
    ? Object.keys(recall).map(labelInWords)
    : counts.map((_, index) => String(index + 1));
}

function groupOf(key: string, entries: [string, unknown][]): GroupFigure {
  const figures = entries.map(([name, value]) => ({
    name: labelInWords(name),
    value: Number(Array.isArray(value) ? value[0] : value),
  }));
  const isYears = IN_YEARS.test(key);
  const most = Math.max(...figures.map(({ value }) => value));
  const least = Math.min(...figures.map(({ value }) => value));
  const bestValue = isYears ? least : most;
  const worstValue = isYears ? most : least;
  const nameWith = (value: number) => figures.find((figure) => figure.value === value)?.name ?? "";
  const isRate = BARE.test(key) || /_at_/.test(key);
  return {
    title: nameOf(key),
    spread: figures.length > 1 && !isRate ? spreadOf() : "",
    rows: figures.map(({ name, value }) => ({
      name: isRate ? falseMatchRate(name) : name,
      share: isYears ? value / most : value,
      text: textOf(key, value),
    })),
  };

  function spreadOf(): string {
    const [best, worst] = [textOf(key, bestValue), textOf(key, worstValue)];
    if (best === worst) return "There's no difference between the groups.";
    return `Best for ${nameWith(bestValue)} (${best}), worst for ${nameWith(worstValue)} (${worst}).`;
  }
}

function tableOf(title: string, entries: [string, Record<string, unknown>][]): TableFigure {
  const columns = Object.keys(entries[0]?.[1] ?? {});
  return {
    title,
    columns: columns.map((column) => (column === "recall" ? "found" : nameOf(column))),
    rows: entries.map(([name, figures]) => ({
      name,
      cells: columns.map((column) => textOf(column, figures[column])),
    })),
  };
}

function textOf(key: string, value: unknown): string {
  if (!isNumber(value)) return String(value);
  if (IN_YEARS.test(key)) return `${value.toFixed(1)} years`;
  if (IN_PERCENT.test(key)) return `${value}%`;
  if (BARE.test(key)) return value.toFixed(2);
  // Small as they are: one decimal more.
  if (["std", "ci95", "calibration_error"].includes(key)) return `${(value * 100).toFixed(1)}%`;
  return Number.isInteger(value) && value > 1 ? value.toLocaleString() : percentText(value);
}

/** "0.001" is "1 in 1,000". */
function falseMatchRate(rate: string): string {
  const value = Number(rate);
  return value > 0 && value < 1 ? `1 in ${Math.round(1 / value).toLocaleString()}` : rate;
}

function nameOf(key: string): string {
  const [, isOff, group] = /^(mae_)?by_(.+)$/.exec(key) ?? [];
  if (group !== undefined && !(key in NAMES)) {
    return isOff ? `Off by, by ${inWords(group)}` : `Right, by ${inWords(group)} label`;
  }
  return NAMES[key] ?? inWords(key);
}

const inWords = (key: string): string => key.replaceAll("_", " ");

export function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[][] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((row) => Array.isArray(row) && row.every(isNumber))
  );
}
