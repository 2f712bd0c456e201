import { hasConsumer, isCoreStage, type StageName } from "@similarfaces/contracts/stages";
import { For, createMemo, createSignal, onCleanup, onMount } from "solid-js";
import type { StageStatus } from "@similarfaces/contracts/api";
import { analyzers } from "../analyzers";
import type { StatusStore } from "./createStatus";
import { StageBox } from "./StageBox";
import type { Line, PlaceName, Spot } from "./drawing";
import { tallDrawing } from "./tallDrawing";
import { wideDrawing } from "./wideDrawing";
import "./Diagram.css";

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
  // What is answered along with another stage's result is no station of its own.
  const names = createMemo(() => analyzers().flatMap(({ name }) => (hasConsumer(name) ? [name] : [])), [], {
    equals: (a, b) => a.join() === b.join(),
  });
  const drawing = createMemo(() => (isWide() ? wideDrawing(names()) : tallDrawing(names())));
  const isOn = (stage: StageName) => !isCoreStage(stage) || (props.stages?.includes(stage) ?? true);
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
        <span>Medians over the last minute as this gateway saw them, updated every second.</span>
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

function kindOf({ isSeldom, isResult }: Line): string {
  return isSeldom ? "seldom" : isResult ? "result" : "work";
}

function totalMs({ waitMs, computeMs }: StageStatus): number {
  return (waitMs ?? 0) + (computeMs ?? 0);
}
