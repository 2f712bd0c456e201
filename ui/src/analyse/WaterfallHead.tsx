import { Show, createMemo } from "solid-js";
import { formatMs } from "../formats";
import type { Headlines } from "./waterfall";

/**
 * What the visitor waited, and beside it the models' own time, which is all that there is for who opens a link. Their room is kept from
 * the beginning.
 */
export function WaterfallHead(props: {
  headlines: Headlines;
  /** Since the photo was given; undefined for who did not give it, and when nothing more comes. */
  elapsedMs: number | undefined;
  isOwn: boolean;
  uploadMs: number | undefined;
  hasOthers: boolean;
}) {
  return (
    <summary class="fall-head">
      <Figure name="First box" ms={props.headlines.firstBoxMs} elapsedMs={props.elapsedMs} />
      <Show when={props.isOwn}>
        <Figure name="Everything" ms={props.headlines.allMs} elapsedMs={props.elapsedMs} />
      </Show>
      <Figure name="Models" isAside={props.isOwn} ms={props.headlines.modelsMs} />
      <Show when={props.isOwn}>
        <span class="fall-figure fall-aside">
          Upload <b>{props.uploadMs === undefined ? "–" : formatMs(props.uploadMs)}</b>
        </span>
      </Show>
      <span class="fall-legend" aria-hidden="true">
        <span class="fall-wait">waited</span>
        <span class="fall-work">worked</span>
        <span class="fall-others" data-none={props.hasOthers ? undefined : ""}>
          other faces
        </span>
      </span>
    </summary>
  );
}

function Figure(props: {
  name: string;
  ms: number | undefined;
  /** Told until the figure itself is known. */
  elapsedMs?: number | undefined;
  isAside?: boolean;
}) {
  const text = createMemo(() => {
    const ms = props.ms ?? props.elapsedMs;
    return ms === undefined ? "–" : formatMs(ms);
  });
  return (
    <span
      class="fall-figure"
      classList={{ "fall-aside": props.isAside ?? false }}
      data-known={props.ms !== undefined}
    >
      {props.name} <b>{text()}</b>
    </span>
  );
}
