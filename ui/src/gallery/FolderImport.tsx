import { Match, Show, Switch, createEffect, createSignal, onCleanup } from "solid-js";
import { Link } from "../components/Link";
import { Notice } from "../components/Notice";
import { counted } from "../formats";
import { ConsentFields, isGiven, type Consent } from "./ConsentFields";
import { createImport } from "./createImport";
import { ImportProgress, Refusals, WeakFaces } from "./ImportProgress";
import { PlanSummary } from "./PlanSummary";
import type { ImportPlan } from "./importPlan";

/** A folder with one folder per person: who is in it, the consent, then how far it is. */
export function FolderImport(props: { plan: ImportPlan; onBack: () => void }) {
  const { state, run, stop, reset } = createImport();
  const [consent, setConsent] = createSignal<Consent>({ text: "", isConfirmed: false });
  const [isChecked, setChecked] = createSignal(false);
  let form!: HTMLFormElement;
  reset(props.plan.photos);
  const isRunning = () => state.phase === "running";
  // Leaving now would stop it half way; what is in stays in.
  createEffect(() => {
    if (!isRunning()) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", warn);
    onCleanup(() => removeEventListener("beforeunload", warn));
  });
  return (
    <Show
      when={props.plan.photos > 0}
      fallback={
        <Notice
          title={
            props.plan.unnamed.length > 0
              ? "The photos don't say who is in them."
              : "There are no photos in this folder."
          }
          actions={
            <button class="button" onClick={() => props.onBack()}>
              Choose another folder
            </button>
          }
        >
          {props.plan.unnamed.length > 0
            ? "Their names come from a camera. Put them in a folder named after the person, then choose the folder above it."
            : "Photos can be JPEG, PNG, WebP, AVIF, GIF, TIFF or HEIC files."}
          <PlanSummary plan={props.plan} />
        </Notice>
      }
    >
      <PlanSummary plan={props.plan} />
      <Show when={state.phase !== "ready"}>
        <ImportProgress state={state} />
      </Show>
      <form
        ref={form}
        class="form add"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setChecked(true);
          if (isGiven(consent())) void run(props.plan, consent().text.trim());
          else form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
        }}
      >
        <Show when={state.phase === "ready"}>
          <ConsentFields
            consent={consent()}
            onChange={setConsent}
            isChecked={isChecked()}
            confirmation="Everybody in these photos agreed to have their face kept in this gallery and compared with others."
            example="All members of the choir, by signature, autumn 2026, for the concert programme"
          />
        </Show>
        <div class="add-actions">
          <Switch>
            <Match when={state.phase === "ready"}>
              <button class="button button-main">Import {counted(props.plan.photos, "photo")}</button>
              <button type="button" class="button" onClick={() => props.onBack()}>
                Choose another folder
              </button>
            </Match>
            <Match when={isRunning()}>
              <button type="button" class="button" onClick={stop}>
                Stop
              </button>
            </Match>
            <Match when={state.phase === "stopped" || state.refused.some(({ isRetryable }) => isRetryable)}>
              <button class="button button-main">Continue with the rest</button>
              <Link class="button" href="/gallery">
                See the gallery
              </Link>
            </Match>
            <Match when={state.phase === "done"}>
              <Link class="button button-main" href="/gallery">
                See the gallery
              </Link>
              <button type="button" class="button" onClick={() => props.onBack()}>
                Import another folder
              </button>
            </Match>
          </Switch>
        </div>
      </form>
      <Show when={state.refused.length > 0}>
        <Refusals refused={state.refused} />
      </Show>
      <Show when={state.weak.length > 0}>
        <WeakFaces weak={state.weak} />
      </Show>
    </Show>
  );
}
