import { createSignal, onCleanup, onMount } from "solid-js";
import type { StageStatus, Status } from "@similarfaces/contracts/api";
import { getStatus } from "../api/installation";
import { failureOf } from "../api/request";

const PERIOD_MS = 1_000;
/** While the server is away. */
const RETRY_MS = 3_000;

export interface StatusStore {
  /** Undefined until the first answer. */
  status(): Status | undefined;
  of(stage: string): StageStatus | undefined;
  /** Whether the stage has answered since the answer before. */
  isBusy(stage: string): boolean;
  /** Why the numbers stand still. */
  trouble(): string | undefined;
}

/** How the mesh is doing, asked for again every second while somebody can see it. */
export function createStatus(): StatusStore {
  const [status, setStatus] = createSignal<Status>();
  const [busy, setBusy] = createSignal<ReadonlySet<string>>(new Set());
  const [trouble, setTrouble] = createSignal<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;

  onMount(() => {
    document.addEventListener("visibilitychange", refresh);
    refresh();
  });
  onCleanup(() => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", refresh);
  });

  return {
    status,
    of: (stage) => status()?.stages.find((candidate) => candidate.stage === stage),
    isBusy: (stage) => busy().has(stage),
    trouble,
  };

  function refresh(): void {
    clearTimeout(timer);
    if (isOver || document.hidden) return;
    getStatus().then(show, (error: unknown) => {
      setTrouble(failureOf(error).message);
      again(RETRY_MS);
    });
  }

  function show(next: Status): void {
    const before = status();
    setBusy(new Set(next.stages.filter((stage) => isAtWork(stage, before)).map(({ stage }) => stage)));
    setStatus(next);
    setTrouble(next.connected ? undefined : "Can't reach the broker, so these are the last numbers it sent.");
    again(PERIOD_MS);
  }

  function again(delayMs: number): void {
    clearTimeout(timer);
    if (!isOver && !document.hidden) timer = setTimeout(refresh, delayMs);
  }
}

function isAtWork({ stage, answers, inFlight }: StageStatus, before: Status | undefined): boolean {
  const earlier = before?.stages.find((candidate) => candidate.stage === stage);
  return inFlight > 0 || (earlier !== undefined && answers > earlier.answers);
}
