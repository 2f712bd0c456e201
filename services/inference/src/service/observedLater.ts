import type { InferenceObserver } from "../model.js";

/** An observer that keeps what it is told until somebody observes: models may be opened before a process has its metrics. */
export function observedLater(): {
  observer: { [Key in keyof InferenceObserver]-?: NonNullable<InferenceObserver[Key]> };
  observe(by: InferenceObserver): void;
} {
  let observing: InferenceObserver | undefined;
  const untold: ((to: InferenceObserver) => void)[] = [];
  const tell = (news: (to: InferenceObserver) => void): void => {
    if (observing) news(observing);
    else untold.push(news);
  };
  return {
    observer: {
      onOpen: (load) => tell((to) => to.onOpen?.(load)),
      onRun: (model, run) => tell((to) => to.onRun?.(model, run)),
      onLoad: (model, seconds) => tell((to) => to.onLoad?.(model, seconds)),
    },
    observe(by) {
      observing = by;
      for (const news of untold.splice(0)) news(by);
    },
  };
}
