import type { JobView } from "@similarfaces/contracts/job";
import { For, Index, Show, createMemo, createSignal, onCleanup, onMount } from "solid-js";
import { StageLabel } from "../components/StageLabel";
import { formatMs } from "../formats";
import { serverNowMs } from "../serverClock";
import { inPhotoOrder, stagesNow } from "../stages";
import { createClock } from "./clock";
import { timeAxisOf } from "./timeAxis";
import { headlinesOf, lastMs, pathOf, rowsOf, type Row, type Span, type Wait } from "./waterfall";
import { WaterfallHead } from "./WaterfallHead";
import "./Waterfall.css";

export interface WaterfallProps {
  job: JobView | undefined;
  face: number;
  /** As people count it. */
  faceNumber: number;
  /** Undefined for who opens a link. */
  wait: Wait | undefined;
  uploadMs: number | undefined;
}

/** Of the axis, for a mark and its text. */
const MARK_REM = 4;
const MARKS_MAX = 10;

/** Where each stage's time went, live at the display's rate while the job runs, as measured once it has answered. */
export function Waterfall(props: WaterfallProps) {
  const isWide = matchMedia("(min-width: 60rem)");
  const isRunning = createMemo(() => {
    const state = props.job?.state ?? "unknown";
    return state === "running" || (state === "unknown" && props.wait !== undefined);
  });
  const clockMs = createClock(isRunning);
  /** Since the photo was accepted, by the installation's clock as far as it is known here. */
  const nowMs = createMemo(() => {
    clockMs();
    return Math.max(0, serverNowMs() - (props.job?.accepted?.acceptedAtMs ?? Number.POSITIVE_INFINITY));
  });
  const elapsedMs = () =>
    isRunning() && props.wait ? Math.max(0, clockMs() - props.wait.givenAtMs) : undefined;

  const accepted = createMemo(() => props.job?.accepted?.stages);
  const stages = createMemo(() => {
    const asked = accepted();
    return asked ? inPhotoOrder(asked) : stagesNow();
  });
  const headlines = createMemo(() => headlinesOf(props.job, props.wait));
  const rows = createMemo(() => rowsOf(props.job, stages(), props.face));
  const isWaiting = createMemo(() => rows().some(({ waitsSinceMs }) => waitsSinceMs !== undefined));
  const hasOthers = () => (props.job?.faces.length ?? 0) > 1;

  let axisPlace!: HTMLDivElement;
  const [partsMax, setPartsMax] = createSignal(4);
  onMount(() => {
    const observer = new ResizeObserver(() => {
      const markPx = MARK_REM * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      setPartsMax(Math.min(MARKS_MAX, Math.max(2, Math.floor(axisPlace.clientWidth / markPx))));
    });
    observer.observe(axisPlace);
    onCleanup(() => observer.disconnect());
  });
  // Of one job it never becomes shorter: what ended a little before it was thought to would draw everything anew.
  const longest = createMemo<{ jobId: string | undefined; ms: number }>(
    (before) => {
      const jobId = props.job?.jobId;
      const ms = lastMs(rows(), isWaiting() ? nowMs() : 0);
      return before.jobId === jobId && before.ms >= ms ? before : { jobId, ms };
    },
    { jobId: undefined, ms: 0 },
  );
  const axis = createMemo(() => timeAxisOf(longest().ms, partsMax()), undefined, {
    equals: (a, b) => a.endMs === b.endMs && a.marks.length === b.marks.length,
  });

  return (
    <details class="fall" open={isWide.matches}>
      <WaterfallHead
        headlines={headlines()}
        elapsedMs={elapsedMs()}
        isOwn={props.wait !== undefined}
        uploadMs={props.uploadMs}
        hasOthers={hasOthers()}
      />
      <table class="fall-rows" style={{ "--parts": axis().marks.length - 1 }}>
        <caption class="visually-hidden">
          Time each stage waited and worked{hasOthers() ? ` for face ${props.faceNumber}` : ""}, after the
          photo arrived
        </caption>
        <colgroup>
          <col class="fall-col-label" />
          <col />
          <col class="fall-col-time" />
          <col class="fall-col-time" />
        </colgroup>
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">Chart</th>
            <th scope="col">Waited</th>
            <th scope="col">Worked</th>
          </tr>
        </thead>
        <tbody>
          <Index each={rows()}>
            {(row) => <StageRow row={row()} nowMs={nowMs()} axisMs={axis().endMs} />}
          </Index>
        </tbody>
      </table>
      <div class="fall-axis" aria-hidden="true" ref={axisPlace}>
        <For each={axis().marks}>{({ text }) => <span>{text}</span>}</For>
      </div>
    </details>
  );
}

/** Three paths, however many faces there are, in milliseconds: a longer axis only looks at more of them. */
function StageRow(props: { row: Row; nowMs: number; axisMs: number }) {
  const wait = createMemo((): Span | undefined => {
    const { wait, waitsSinceMs } = props.row;
    return waitsSinceMs === undefined ? wait : [waitsSinceMs, Math.max(waitsSinceMs, props.nowMs)];
  });
  const lineOf = (span: Span | undefined) => (span ? pathOf([span], 4) : "");
  const lengthOf = (span: Span | undefined) => (span ? formatMs(span[1] - span[0]) : "");
  const others = createMemo(() => pathOf(props.row.others, 9));
  return (
    <tr class="fall-row" data-stage={props.row.stage} data-state={props.row.state}>
      <th scope="row" title={props.row.stage}>
        <StageLabel stage={props.row.stage} />
      </th>
      <td class="fall-track">
        <svg aria-hidden="true" viewBox={`0 0 ${props.axisMs} 10`} preserveAspectRatio="none">
          <path class="fall-bar-wait" d={lineOf(wait())} />
          <path class="fall-bar-work" d={lineOf(props.row.work)} />
          <path class="fall-bar-other" d={others()} />
        </svg>
      </td>
      <Show when={OUTCOMES[props.row.state] === undefined} fallback={<Outcome row={props.row} />}>
        <td class="fall-time">{lengthOf(wait())}</td>
        <td class="fall-time fall-time-work">{lengthOf(props.row.work)}</td>
      </Show>
    </tr>
  );
}

/** Why there is no time to show. */
const OUTCOMES: Partial<Record<Row["state"], string>> = {
  failed: "failed",
  expired: "no answer",
  skipped: "skipped",
};

function Outcome(props: { row: Row }) {
  return (
    <td class="fall-time fall-outcome" colspan="2" data-state={props.row.state}>
      {OUTCOMES[props.row.state]}
    </td>
  );
}
