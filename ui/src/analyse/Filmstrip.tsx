import type { JobState } from "@similarfaces/contracts/job";
import { For, Match, Show, Switch, createEffect, onCleanup } from "solid-js";
import { photoUrl } from "../api/jobs";
import { Link } from "../components/Link";
import { jobOf } from "../jobs/createJob";
import { addressOf, shots, shownShot, type Shot } from "../jobs/visit";
import "./Filmstrip.css";

/** The photos of this visit, each with how far it is. */
export function Filmstrip(props: { onChoose: () => void }) {
  return (
    <nav class="film" aria-label="Photos of this visit">
      <button class="film-add" onClick={() => props.onChoose()} title="Analyse another">
        <span aria-hidden="true">+</span>
        <span class="visually-hidden">Analyse another</span>
      </button>
      <ul>
        <For each={shots()}>{(shot) => <Frame shot={shot} isShown={shownShot()?.id === shot.id} />}</For>
      </ul>
    </nav>
  );
}

function Frame(props: { shot: Shot; isShown: boolean }) {
  const job = () => (props.shot.step.at === "sent" ? jobOf(props.shot.step.jobId) : undefined);
  const source = () => props.shot.preview ?? (job() && photoUrl(job()!.jobId));
  const state = () => stateOf(props.shot, job()?.state(), job()?.failure() !== undefined);
  const turned = () => {
    const extract = job()?.state().extract;
    return extract?.state === "done" ? extract.value.turned : 0;
  };
  let frame!: HTMLLIElement;
  createEffect(() => {
    if (!props.isShown) return;
    // When the page that shows it is built: it is laid out once.
    const waiting = requestAnimationFrame(() => {
      const strip = frame.closest(".film");
      // Along the strip alone: on a phone the page would jump down to it.
      if (strip) strip.scrollLeft = frame.offsetLeft - strip.clientWidth / 2;
    });
    onCleanup(() => cancelAnimationFrame(waiting));
  });
  return (
    <li ref={frame}>
      <Link
        class="film-frame"
        href={addressOf(props.shot.id)}
        aria-current={props.isShown ? "true" : undefined}
        aria-label={`${props.shot.name}, ${state().words}`}
        title={`${props.shot.name}: ${state().words}`}
        data-state={state().name}
      >
        <Show when={source()}>
          <img
            src={source()}
            alt=""
            data-turned={turned()}
            loading="lazy"
            decoding="async"
            onError={(event) => (event.currentTarget.hidden = true)}
          />
        </Show>
        <Switch>
          <Match when={state().name === "sending"}>
            <progress max="1" value={state().share} aria-hidden="true" />
          </Match>
          <Match when={state().name === "failed"}>
            <span class="film-mark" aria-hidden="true">
              !
            </span>
          </Match>
        </Switch>
      </Link>
    </li>
  );
}

type FrameState = {
  name: "queued" | "sending" | "running" | "complete" | "failed";
  words: string;
  share?: number;
};

function stateOf(shot: Shot, job: JobState | undefined, isGone: boolean): FrameState {
  const { step } = shot;
  switch (step.at) {
    case "queued":
    case "preparing":
      return { name: "queued", words: "waiting its turn" };
    case "sending":
      return { name: "sending", words: "sending", share: step.sentBytes / Math.max(1, step.totalBytes) };
    case "waiting":
      return { name: "queued", words: "waiting for the server" };
    case "refused":
      return { name: "failed", words: "can't be used" };
    case "sent":
      if (isGone) return { name: "failed", words: "deleted" };
      if (job?.extract.state === "failed" || job?.extract.state === "expired") {
        return { name: "failed", words: "can't be analysed" };
      }
      return job?.state === "complete"
        ? { name: "complete", words: "done" }
        : { name: "running", words: "being analysed" };
  }
}
