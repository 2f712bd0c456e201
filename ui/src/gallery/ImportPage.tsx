import { For, Match, Show, Switch, createEffect, createSignal, onCleanup } from "solid-js";
import { Link } from "../components/Link";
import { Notice } from "../components/Notice";
import { counted, formatMs } from "../formats";
import { ConsentFields, isGiven, type Consent } from "./ConsentFields";
import { createImport, type ImportState, type Refusal } from "./createImport";
import { ExportImport } from "./ExportImport";
import { filesOfDrop, filesOfInput } from "./givenFolder";
import { planImport, type GivenFile, type ImportPlan } from "./importPlan";
import { saveFile } from "./saveFile";
import "./ImportPage.css";

/** Many people at once, from a folder with one folder per person, or from an export. */
export function ImportPage() {
  const [plan, setPlan] = createSignal<ImportPlan>();
  const [exported, setExported] = createSignal<File>();
  return (
    <>
      <header class="gallery-head">
        <div>
          <Link class="small gallery-back" href="/gallery">
            Everybody in the gallery
          </Link>
          <h1>Import</h1>
        </div>
      </header>
      <Switch fallback={<Choose onFiles={take} />}>
        <Match when={exported()} keyed>
          {(file) => <ExportImport file={file} onBack={() => setExported(undefined)} />}
        </Match>
        <Match when={plan()} keyed>
          {(chosen) => <FolderImport plan={chosen} onBack={() => setPlan(undefined)} />}
        </Match>
      </Switch>
    </>
  );

  function take(files: readonly GivenFile[]): void {
    const lines = files.find(({ path }) => /\.ndjson$/i.test(path));
    if (lines && files.length === 1) setExported(lines.file);
    else setPlan(planImport(files));
  }
}

function Choose(props: { onFiles: (files: readonly GivenFile[]) => void }) {
  const [isOver, setOver] = createSignal(false);
  let folder!: HTMLInputElement;
  let file!: HTMLInputElement;
  return (
    <div
      class="gallery-empty import-drop"
      data-over={isOver() ? "" : undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        setOver(false);
        if (event.dataTransfer) void filesOfDrop(event.dataTransfer).then(props.onFiles);
      }}
    >
      <h2>Drop a folder, or the file of an export</h2>
      <p class="quiet">
        In the folder, each person has a folder of their own, whose name becomes theirs; or the photos are
        named after people, like Ada_Lovelace_2.jpg.
      </p>
      <div class="gallery-actions">
        <button class="button button-main" onClick={() => folder.click()}>
          Choose a folder
        </button>
        <button class="button" onClick={() => file.click()}>
          Choose an export file
        </button>
      </div>
      <input
        ref={(element) => {
          folder = element;
          element.webkitdirectory = true;
        }}
        type="file"
        multiple
        hidden
        id="import-folder"
        onChange={() => props.onFiles(filesOfInput(folder))}
      />
      <input
        ref={file}
        type="file"
        accept=".ndjson"
        hidden
        id="import-file"
        onChange={() => props.onFiles(filesOfInput(file))}
      />
    </div>
  );
}

function FolderImport(props: { plan: ImportPlan; onBack: () => void }) {
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
          title="There are no photos in it."
          actions={
            <button class="button" onClick={() => props.onBack()}>
              Choose another folder
            </button>
          }
        >
          JPEG, PNG, WebP, AVIF, GIF, TIFF and HEIC files are taken.
        </Notice>
      }
    >
      <section class="import-plan">
        <p class="import-found">
          {counted(props.plan.people.length, "person", "people")}, {counted(props.plan.photos, "photo")}
        </p>
        <Show when={props.plan.passedOver.length > 0}>
          <p class="small quiet">
            {counted(props.plan.passedOver.length, "other file is", "other files are")} passed over:{" "}
            {some(props.plan.passedOver)}
          </p>
        </Show>
        <details>
          <summary>Who</summary>
          <ul class="import-people">
            <For each={props.plan.people.slice(0, PEOPLE_SHOWN)}>
              {({ name, photos }) => (
                <li>
                  <bdi>{name}</bdi> <span class="quiet">{photos.length}</span>
                </li>
              )}
            </For>
          </ul>
          <Show when={props.plan.people.length > PEOPLE_SHOWN}>
            <p class="small quiet">And {(props.plan.people.length - PEOPLE_SHOWN).toLocaleString()} more.</p>
          </Show>
        </details>
      </section>
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
            confirmation="Everybody in these photos agreed that their face is kept in this gallery and compared with others."
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
              <button class="button button-main">Go on with what is not in</button>
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
    </Show>
  );
}

const PEOPLE_SHOWN = 200;
const REFUSALS_SHOWN = 200;

function ImportProgress(props: { state: ImportState }) {
  const done = () => props.state.added + props.state.alreadyIn + props.state.refused.length;
  const left = () => props.state.photos - done();
  const words = () => {
    const { phase, rate } = props.state;
    if (phase === "done") return "Finished";
    if (phase === "stopped") return "Stopped; what is in stays in";
    return rate > 0
      ? `${rate.toFixed(1)} photos a second, about ${formatMs((left() / rate) * 1_000)} left`
      : "Beginning";
  };
  return (
    <section class="import-progress" aria-label="Progress">
      <div class="import-line">
        <span class="import-found">
          {done().toLocaleString()} of {props.state.photos.toLocaleString()}
        </span>
        <span class="quiet">{words()}</span>
      </div>
      <progress class="progress" aria-label="Photos" max={props.state.photos} value={done()} />
      <dl class="import-counts">
        <Count label="faces added" count={props.state.added} />
        <Count label="people with new faces" count={props.state.people} />
        <Count label="already in" count={props.state.alreadyIn} />
        <Count label="refused" count={props.state.refused.length} />
      </dl>
    </section>
  );
}

function Count(props: { label: string; count: number }) {
  return (
    <div>
      <dt class="small quiet">{props.label}</dt>
      <dd>{props.count.toLocaleString()}</dd>
    </div>
  );
}

function Refusals(props: { refused: readonly Refusal[] }) {
  const asText = () => props.refused.map(({ path, title, help }) => `${path}\t${title} ${help}`).join("\n");
  return (
    <section aria-labelledby="import-refused">
      <div class="import-line">
        <h2 id="import-refused">Refused, and why</h2>
        <button
          class="button small"
          onClick={() => saveFile(new Blob([asText()], { type: "text/plain" }), "refused.txt")}
        >
          Save the list
        </button>
      </div>
      <ul class="refusals">
        <For each={props.refused.slice(0, REFUSALS_SHOWN)}>
          {({ path, title, help }) => (
            <li>
              <bdi class="refusal-path">{path}</bdi>
              <span class="small">
                <strong>{title}</strong> {help}
              </span>
            </li>
          )}
        </For>
      </ul>
      <Show when={props.refused.length > REFUSALS_SHOWN}>
        <p class="small quiet">The list has {props.refused.length.toLocaleString()} in all.</p>
      </Show>
    </section>
  );
}

function some(paths: readonly string[]): string {
  return paths.length > 3 ? `${paths.slice(0, 3).join(", ")} and more` : paths.join(", ");
}
