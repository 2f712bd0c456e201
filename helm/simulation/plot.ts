import type { Outcome, Sample } from "./outcome.js";
import { STEP_AT_MS, STEP_UNTIL_MS } from "./scenarios.js";

const WIDTH = 900;
const PANEL = { left: 64, width: 800, height: 130, gap: 44, top: 56 };
const COLOURS = ["#1a6fb5", "#c4561b", "#5f8f2f"];

interface Panel {
  title: string;
  value(sample: Sample): number;
}

/** Replicas, answers per second and photos waiting over time, one line per outcome, as SVG. */
export function plot(outcomes: readonly { name: string; outcome: Outcome }[]): string {
  const panels: Panel[] = [
    { title: "ready replicas", value: ({ readyReplicas }) => readyReplicas },
    { title: "photos waiting", value: ({ waiting }) => waiting },
    { title: "photos answered per second", value: ({ answeredPerSecond }) => answeredPerSecond },
  ];
  const height = PANEL.top + panels.length * (PANEL.height + PANEL.gap);
  const legend = outcomes.map(({ name }, i) => {
    const x = PANEL.left + i * 275;
    return `<line x1="${x}" y1="22" x2="${x + 22}" y2="22" stroke="${COLOURS[i]}" stroke-width="2.5"/><text x="${x + 28}" y="26">${escaped(name)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#333" role="img" aria-label="A fivefold step, absorbed by autoscaling">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...legend,
    ...panels.map((panel, i) =>
      drawn(
        panel,
        PANEL.top + i * (PANEL.height + PANEL.gap),
        outcomes.map(({ outcome }) => outcome.samples),
      ),
    ),
    "</svg>\n",
  ].join("\n");
}

function drawn({ title, value }: Panel, top: number, series: readonly Sample[][]): string {
  const untilMs = Math.max(...series.flat().map(({ atMs }) => atMs));
  const max = ceiling(Math.max(...series.flatMap((samples) => smoothed(samples, value).map(([, y]) => y))));
  const x = (atMs: number) => (PANEL.left + (atMs / untilMs) * PANEL.width).toFixed(1);
  const y = (amount: number) => (top + PANEL.height - (amount / max) * PANEL.height).toFixed(1);
  const grid = [0, max / 2, max].map(
    (amount) =>
      `<line x1="${PANEL.left}" x2="${PANEL.left + PANEL.width}" y1="${y(amount)}" y2="${y(amount)}" stroke="#ddd"/><text x="${PANEL.left - 8}" y="${Number(y(amount)) + 4}" text-anchor="end">${amount}</text>`,
  );
  const minutes = Array.from({ length: Math.floor(untilMs / 300_000) + 1 }, (_, i) => i * 5).map(
    (minute) =>
      `<text x="${x(minute * 60_000)}" y="${top + PANEL.height + 16}" text-anchor="middle">${minute} min</text>`,
  );
  const lines = series.map((samples, i) => {
    const points = smoothed(samples, value).map(([atMs, amount]) => `${x(atMs)},${y(amount)}`);
    return `<polyline fill="none" stroke="${COLOURS[i]}" stroke-width="1.6" points="${points.join(" ")}"/>`;
  });
  const step = `<rect x="${x(STEP_AT_MS)}" y="${top}" width="${Number(x(STEP_UNTIL_MS)) - Number(x(STEP_AT_MS))}" height="${PANEL.height}" fill="#f3f0e8"/>`;
  const heading = `<text x="${PANEL.left}" y="${top - 8}" font-weight="600">${title}</text>`;
  return [step, ...grid, ...minutes, ...lines, heading].join("\n");
}

/** Means over five seconds, so that a line shows what it says and not the seconds' noise. */
function smoothed(samples: readonly Sample[], value: (sample: Sample) => number): [number, number][] {
  const points: [number, number][] = [];
  for (let i = 0; i + 5 <= samples.length; i += 5) {
    const five = samples.slice(i, i + 5);
    points.push([five[2]!.atMs, five.reduce((sum, sample) => sum + value(sample), 0) / 5]);
  }
  return points;
}

/** The next of 1, 2, 5 times a power of ten. */
function ceiling(amount: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, amount)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= amount)!;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("`", "");
}
