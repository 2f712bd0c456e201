import type { JobView } from "@similarfaces/contracts/job";
import { For, Index, Show, createEffect, createMemo, createSignal, onCleanup } from "solid-js";
import { StageLabel } from "../components/StageLabel";
import { formatMs } from "../formats";
import { serverNowMs } from "../serverClock";
import { inPhotoOrder, stagesNow } from "../stages";
import {
  axisMsOf,
  headlinesOf,
  lastMs,
  marksOf,
  rowsOf,
  type Headlines,
  type Row,
  type Span,
} from "./waterfall";
import "./Waterfall.css";

/** Where each stage's time went, live at the display's rate while the job runs, as measured once it has answered. */
export function Waterfall(props: { job: JobView | undefined; face: number; uploadMs: number | undefined }) {
  const [nowMs, setNowMs] = createSignal(serverNowMs());
  const isWide = matchMedia("(min-width: 60rem)");

  createEffect(() => {
    if (props.job?.state !== "running") return;
    let frame = 0;
    const tick = () => {
      setNowMs(serverNowMs());
      frame = requestAnimationFrame(tick);
    };
    tick();
    onCleanup(() => cancelAnimationFrame(frame));
  });

  const accepted = createMemo(() => props.job?.accepted?.stages);
  const stages = createMemo(() => {
    const asked = accepted();
    return asked ? inPhotoOrder(asked) : stagesNow();
  });
  const rows = createMemo(() => rowsOf(props.job, stages(), props.face, nowMs()));
  const headlines = createMemo((): Headlines => (props.job ? headlinesOf(props.job) : {}));
  const elapsedMs = () => Math.max(0, nowMs() - (props.job?.accepted?.acceptedAtMs ?? nowMs()));
  const axisMs = createMemo(() => axisMsOf(lastMs(rows())));
  const hasOthers = () => (props.job?.faces.length ?? 0) > 1;

  return (
    <details class="fall" open={isWide.matches}>
      <summary class="fall-head">
        <span class="fall-figure" data-known={headlines().firstBoxMs !== undefined}>
          First box{" "}
          <b>
            <Figure
              ms={headlines().firstBoxMs}
              elapsedMs={elapsedMs()}
              isRunning={props.job?.state === "running"}
            />
          </b>
        </span>
        <span class="fall-figure" data-known={headlines().allMs !== undefined}>
          Everything{" "}
          <b>
            <Figure
              ms={headlines().allMs}
              elapsedMs={elapsedMs()}
              isRunning={props.job?.state === "running"}
            />
          </b>
        </span>
        <Show when={props.uploadMs !== undefined}>
          <span class="fall-figure fall-upload">
            Upload <b>{formatMs(props.uploadMs!)}</b>
          </span>
        </Show>
        <span class="fall-legend" aria-hidden="true">
          <span class="fall-wait">waited</span>
          <span class="fall-work">worked</span>
          <Show when={hasOthers()}>
            <span class="fall-others">other faces</span>
          </Show>
        </span>
      </summary>
      <table class="fall-rows">
        <caption class="visually-hidden">
          Time each stage waited and worked{hasOthers() ? ` for face ${props.face + 1}` : ""}, after the photo
          arrived
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
          <Index each={rows()}>{(row) => <StageRow row={row()} axisMs={axisMs()} />}</Index>
        </tbody>
      </table>
      <div class="fall-axis" aria-hidden="true">
        <For each={marksOf(axisMs())}>{(mark) => <span>{formatMs(mark)}</span>}</For>
      </div>
    </details>
  );
}

function Figure(props: { ms: number | undefined; elapsedMs: number; isRunning: boolean }) {
  return (
    <>{props.ms !== undefined ? formatMs(props.ms) : props.isRunning ? formatMs(props.elapsedMs) : "–"}</>
  );
}

function StageRow(props: { row: Row; axisMs: number }) {
  const percent = (ms: number) => `${(ms / props.axisMs) * 100}%`;
  const bar = ([from, to]: Span = [0, 0]) => ({ x: percent(from), width: percent(to - from) });
  const lengthOf = (span: Span | undefined) => (span ? formatMs(span[1] - span[0]) : "");
  return (
    <tr class="fall-row" data-stage={props.row.stage} data-state={props.row.state}>
      <th scope="row" title={props.row.stage}>
        <StageLabel stage={props.row.stage} />
      </th>
      <td class="fall-track">
        <svg aria-hidden="true">
          <rect class="fall-bar-wait" y="10%" height="58%" {...bar(props.row.wait)} />
          <rect class="fall-bar-work" y="10%" height="58%" {...bar(props.row.work)} />
          <For each={props.row.others}>
            {(span) => <rect class="fall-bar-other" y="80%" height="20%" {...bar(span)} />}
          </For>
        </svg>
      </td>
      <Show when={OUTCOMES[props.row.state] === undefined} fallback={<Outcome row={props.row} />}>
        <td class="fall-time">{props.row.state === "queued" ? "" : lengthOf(props.row.wait)}</td>
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
