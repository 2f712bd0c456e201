import { TIMER_MS_MAX } from "./callSignal.js";

/** Of the time left until the deadline: so long the faces of a group wait for a slow one. */
const PATIENCE = 1 / 2;

/** Whether it settles before patience is over: then there is time yet to answer those that wait for it. */
export async function endsInTime(work: Promise<unknown>, deadlineAtMs: number): Promise<boolean> {
  const ms = Math.max(0, deadlineAtMs - Date.now()) * PATIENCE;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, TIMER_MS_MAX), false);
  });
  const ended = () => true;
  return Promise.race([work.then(ended, ended), late]).finally(() => clearTimeout(timer));
}
