import { createEffect, createSignal, on, onCleanup, type Accessor } from "solid-js";
import type { FailureJson } from "@similarfaces/contracts/job";
import { failureOf } from "../api/request";

const RETRY_MS = 3_000;

export interface Loaded<T> {
  /** What was loaded last; stays while something newer is on its way. */
  value: Accessor<T | undefined>;
  isLoading: Accessor<boolean>;
  failure: Accessor<FailureJson | undefined>;
  reload(): void;
}

/** Loads what the key stands for, again when it changes, and by itself while the server cannot answer. */
export function createLoaded<K, T>(key: Accessor<K>, load: (key: K) => Promise<T>): Loaded<T> {
  const [value, setValue] = createSignal<T>();
  const [isLoading, setLoading] = createSignal(true);
  const [failure, setFailure] = createSignal<FailureJson>();
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  createEffect(on(key, start));
  onCleanup(() => {
    turn++;
    clearTimeout(timer);
  });
  return { value, isLoading, failure, reload: () => start(key()) };

  function start(wanted: K): void {
    const mine = ++turn;
    clearTimeout(timer);
    setLoading(true);
    load(wanted).then(
      (loaded) => {
        if (mine !== turn) return;
        setValue(() => loaded);
        setFailure(undefined);
        setLoading(false);
      },
      (error: unknown) => {
        if (mine !== turn) return;
        const why = failureOf(error);
        setFailure(why);
        setLoading(false);
        if (why.retryable) timer = setTimeout(() => start(wanted), RETRY_MS);
      },
    );
  }
}
