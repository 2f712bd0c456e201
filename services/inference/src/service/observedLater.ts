import type { Inference, InferenceObserver, Run, RunningModel } from "../model.js";

/** An observer that keeps what it is told until somebody observes: models may be opened before a process has its metrics. */
export function observedLater() {
  let observing: InferenceObserver | undefined;
  const untold: ((to: InferenceObserver) => void)[] = [];
  const tell = (news: (to: InferenceObserver) => void): void => {
    if (observing) news(observing);
    else untold.push(news);
  };
  return {
    observer: {
      onOpen: (load: Inference["load"]) => tell((to) => to.onOpen?.(load)),
      onRun: (model: RunningModel, run: Run) => tell((to) => to.onRun?.(model, run)),
      onLoad: (model: RunningModel, seconds: number) => tell((to) => to.onLoad?.(model, seconds)),
    } satisfies InferenceObserver,
    observe(by: InferenceObserver): void {
      observing = by;
      for (const news of untold.splice(0)) news(by);
    },
  };
}
