import type { StageStatus } from "@similarfaces/contracts/api";
import type { StageName } from "@similarfaces/contracts/stages";
import { Show } from "solid-js";
import { announcementOf } from "../analyzers";
import { formatMs } from "../formats";
import type { Spot } from "./drawing";

interface StageBoxProps {
  spot: Spot<StageName>;
  isOn: boolean;
  isBusy: boolean;
  status: StageStatus | undefined;
  longestMs: number;
}

/** A stage: what it does, the medians of its wait and its work as figures and as a bar, and how much is waiting. */
export function StageBox(props: StageBoxProps) {
  const { name, x, y, width, height } = props.spot;
  const inner = width - 28;
  const shareOf = (ms: number | null | undefined) => ((ms ?? 0) / props.longestMs) * inner;
  return (
    <g
      class="diagram-stage"
      transform={`translate(${x} ${y})`}
      data-stage={name}
      data-off={props.isOn ? undefined : ""}
      data-busy={props.isBusy ? "" : undefined}
      role="group"
      aria-label={spokenOf(props)}
    >
      <rect class="diagram-box" width={width} height={height} rx="8" />
      <rect class="diagram-hue" x="0" y="10" width="4" height={height - 20} rx="2" />
      <g aria-hidden="true">
        <text class="diagram-name" x="14" y="22">
          {shortened(name)}
        </text>
        <text class="diagram-text" x={width - 12} y="22" text-anchor="end">
          {props.isOn ? purposeBeside(name, width) : ""}
        </text>
        <Show
          when={props.isOn}
          fallback={
            <text class="diagram-text" x="14" y="48">
              switched off
            </text>
          }
        >
          <text class="diagram-figure" x="14" y="42">
            {`wait ${medianOf(props.status?.waitMs)}`}
          </text>
          <text class="diagram-figure" x={width - 12} y="42" text-anchor="end">
            {`work ${medianOf(props.status?.computeMs)}`}
          </text>
          <rect class="diagram-track" x="14" y="50" width={inner} height="5" rx="2.500" />
          <rect class="diagram-wait" x="14" y="50" width={shareOf(props.status?.waitMs)} height="5" />
          <rect
            class="diagram-work"
            x={14 + shareOf(props.status?.waitMs)}
            y="50"
            width={shareOf(props.status?.computeMs)}
            height="5"
          />
          <text
            class="diagram-figure"
            x="14"
            y="73"
            data-much={(props.status?.waiting ?? 0) > 0 ? "" : undefined}
          >
            {`${(props.status?.waiting ?? 0).toLocaleString()} waiting`}
          </text>
          <text
            class="diagram-figure"
            x={width - 12}
            y="73"
            text-anchor="end"
            data-much={(props.status?.inFlight ?? 0) > 0 ? "" : undefined}
          >
            {`${(props.status?.inFlight ?? 0).toLocaleString()} in work`}
          </text>
        </Show>
      </g>
    </g>
  );
}

/** What a stage of the system's own makes of a photo. */
const PURPOSES: Readonly<Record<string, string>> = {
  extract: "finds faces",
  embed: "as 512 numbers",
  match: "the nearest faces",
  enrol: "adds a face",
};

/** Of an analyzer: the form of its answer. */
function purposeOf(name: StageName): string {
  const answers = announcementOf(name)?.answers ?? [];
  const [first] = answers;
  if (answers.length > 1) return `${answers.length} answers`;
  if (first?.classification) return `one of ${first.classification.labels.length} labels`;
  if (first?.measure) return first.measure.unit ? `in ${first.measure.unit}` : "a figure";
  return PURPOSES[name] ?? "";
}

const NAME_LENGTH_MAX = 20;
const shortened = (name: string) =>
  name.length > NAME_LENGTH_MAX ? `${name.slice(0, NAME_LENGTH_MAX - 1)}…` : name;

/** Where both fit into a line: a letter of a name takes about 8.5 units, one of a text 6. */
function purposeBeside(name: StageName, width: number): string {
  const purpose = purposeOf(name);
  return name.length * 8.5 + purpose.length * 6 < width - 32 ? purpose : "";
}

function medianOf(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? "–" : formatMs(ms);
}

function spokenOf({ spot: { name }, isOn, status }: StageBoxProps): string {
  if (!isOn) return `${name}: switched off`;
  const purpose = purposeOf(name);
  if (!status) return `${name}: ${purpose}`;
  const times =
    status.waitMs === null || status.computeMs === null
      ? "no answers in the last minute"
      : `waited ${formatMs(status.waitMs)}, worked ${formatMs(status.computeMs)}`;
  return `${name}: ${purpose}; ${status.waiting} waiting, ${status.inFlight} in work; ${times}`;
}
