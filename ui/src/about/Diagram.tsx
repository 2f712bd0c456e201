import type { StageName } from "@similarfaces/contracts/stages";
import { For, Show, createMemo, createSignal, onCleanup, onMount } from "solid-js";
import type { StageStatus } from "@similarfaces/contracts/api";
import { formatMs } from "../formats";
import type { StatusStore } from "./createStatus";
import { tallDrawing, wideDrawing, type Line, type PlaceName, type Spot } from "./drawing";
import "./Diagram.css";

/** What each stage makes of a photo, in words for everybody. */
export const PURPOSES: Readonly<Record<StageName, string>> = {
  extract: "finds faces, cuts them out",
  embed: "as 512 numbers",
  age: "how old it looks",
  gender: "woman or man",
  race: "one of seven labels",
  emotion: "the expression",
  match: "the nearest faces",
  enrol: "adds a face",
};

const PLACES: Readonly<Record<PlaceName, { title: string; text: string }>> = {
  you: { title: "You", text: "page, curl, program" },
  gateway: { title: "Gateway", text: "takes and relays" },
  blobs: { title: "Blob store", text: "photo, cut-out faces" },
  gallery: { title: "Gallery", text: "people who agreed" },
};

/** Below this the subjects on the arrows would be too small to read, and the drawing stands upright. */
const WIDE_FROM_PX = 960;

/** The stages of this system as they are now: what waits, what is in work, and how long both last. */
export function Diagram(props: { store: StatusStore; stages: readonly StageName[] | undefined }) {
  let frame!: HTMLElement;
  const [isWide, setWide] = createSignal(innerWidth >= WIDE_FROM_PX);
  onMount(() => {
    const observer = new ResizeObserver(([entry]) => setWide(entry!.contentRect.width >= WIDE_FROM_PX));
    observer.observe(frame);
    onCleanup(() => observer.disconnect());
  });
  const drawing = createMemo(() => (isWide() ? wideDrawing() : tallDrawing()));
  const isOn = (stage: StageName) => props.stages?.includes(stage) ?? true;
  /** The longest median of wait and work together, which fills a whole bar. */
  const longestMs = createMemo(() =>
    Math.max(1, ...(props.store.status()?.stages ?? []).map((stage) => totalMs(stage))),
  );
  return (
    <figure class="diagram" ref={frame} data-layout={isWide() ? "wide" : "tall"}>
      <svg
        viewBox={`-2 -2 ${drawing().width + 4} ${drawing().height + 4}`}
        role="group"
        aria-label="What happens to a photo: the stages and the messages between them"
      >
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            orient="auto"
          >
            <path class="diagram-arrow" d="M0 0.500 7.500 4 0 7.500z" />
          </marker>
        </defs>
        <g aria-hidden="true">
          <For each={drawing().lines}>
            {(line) => (
              <path
                class="diagram-line"
                d={line.path}
                data-stage={line.stage}
                data-kind={kindOf(line)}
                data-off={line.stage !== undefined && !isOn(line.stage) ? "" : undefined}
                marker-end={line.isOpen ? undefined : "url(#arrow)"}
              />
            )}
          </For>
          <For each={drawing().flows}>
            {({ stage, path }) => (
              <path
                class="diagram-flow"
                d={path}
                data-stage={stage}
                data-busy={props.store.isBusy(stage) ? "" : undefined}
              />
            )}
          </For>
          <For each={drawing().labels}>
            {(label) => (
              <text
                class="diagram-label"
                data-code={label.isCode ? "" : undefined}
                x={label.x}
                y={label.y}
                text-anchor={label.anchor ?? "start"}
              >
                {label.text}
              </text>
            )}
          </For>
        </g>
        <For each={drawing().places}>{(spot) => <Place spot={spot} />}</For>
        <For each={drawing().stages}>
          {(spot) => (
            <StageBox
              spot={spot}
              isOn={isOn(spot.name)}
              status={props.store.of(spot.name)}
              isBusy={props.store.isBusy(spot.name)}
              longestMs={longestMs()}
            />
          )}
        </For>
      </svg>
      <figcaption class="small quiet diagram-key">
        <span>Figures: medians of the last minute, as this gateway saw them, new every second.</span>
        <span>
          <i class="diagram-key-wait" /> wait <i class="diagram-key-work" /> work
        </span>
        <span>
          <i class="diagram-key-line" /> messages <i class="diagram-key-line" data-kind="result" /> results
        </span>
      </figcaption>
    </figure>
  );
}

function Place(props: { spot: Spot<PlaceName> }) {
  const { name, x, y, width, height } = props.spot;
  return (
    <g class="diagram-place" transform={`translate(${x} ${y})`}>
      <rect width={width} height={height} rx="8" />
      <text class="diagram-name" x={width / 2} y={height / 2 - 3} text-anchor="middle">
        {PLACES[name].title}
      </text>
      <text class="diagram-text" x={width / 2} y={height / 2 + 15} text-anchor="middle">
        {PLACES[name].text}
      </text>
    </g>
  );
}

interface StageBoxProps {
  spot: Spot<StageName>;
  isOn: boolean;
  isBusy: boolean;
  status: StageStatus | undefined;
  longestMs: number;
}

function StageBox(props: StageBoxProps) {
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
          {name}
        </text>
        <text class="diagram-text" x={width - 12} y="22" text-anchor="end">
          {props.isOn ? (width > 200 || name !== "extract" ? PURPOSES[name] : "finds faces") : ""}
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

function kindOf({ isSeldom, isResult }: Line): string {
  return isSeldom ? "seldom" : isResult ? "result" : "work";
}

function totalMs({ waitMs, computeMs }: StageStatus): number {
  return (waitMs ?? 0) + (computeMs ?? 0);
}

function medianOf(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? "–" : formatMs(ms);
}

function spokenOf({ spot: { name }, isOn, status }: StageBoxProps): string {
  if (!isOn) return `${name}: switched off`;
  if (!status) return `${name}: ${PURPOSES[name]}`;
  const times =
    status.waitMs === null || status.computeMs === null
      ? "no answers in the last minute"
      : `waited ${formatMs(status.waitMs)}, worked ${formatMs(status.computeMs)}`;
  return `${name}: ${PURPOSES[name]}; ${status.waiting} waiting, ${status.inFlight} in work; ${times}`;
}
