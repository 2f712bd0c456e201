import { Match, Show, Switch, createSignal, onCleanup } from "solid-js";
import { Link } from "../components/Link";
import { Notice } from "../components/Notice";
import { counted, formatBytes } from "../formats";
import { importExportFile, type ExportProgress } from "./importExport";
import { refusalOf } from "./permission";

/** The faces of another gallery, with the consent that was given there. */
export function ExportImport(props: { file: File; onBack: () => void }) {
  const [progress, setProgress] = createSignal<ExportProgress>();
  const [phase, setPhase] = createSignal<"ready" | "running" | "done" | "failed">("ready");
  const [failure, setFailure] = createSignal("");
  const abort = new AbortController();
  onCleanup(() => abort.abort());
  return (
    <>
      <section class="import-plan">
        <p class="import-found">
          <bdi>{props.file.name}</bdi>, {formatBytes(props.file.size)}
        </p>
        <p class="quiet">
          Every face comes with its name, and with the consent that was written down for it. Faces that are
          already here stay as they are.
        </p>
      </section>
      <Show when={progress()}>
        {(now) => (
          <section class="import-progress" aria-label="Progress">
            <progress
              class="progress"
              aria-label="Read"
              max={now().totalBytes || 1}
              value={now().readBytes}
            />
            <p role="status">
              {counted(now().receipt.faces, "new face")} of{" "}
              {counted(now().receipt.identities, "new person", "new people")}
              {phase() === "done" && now().receipt.faces === 0 ? ": everything was already here" : ""}
            </p>
          </section>
        )}
      </Show>
      <Show when={phase() === "failed"}>
        <Notice kind="bad" title="The import stopped here.">
          {failure()} Everything up to here has been added. You can import the same file again.
        </Notice>
      </Show>
      <div class="gallery-actions">
        <Switch>
          <Match when={phase() === "ready" || phase() === "failed"}>
            <button class="button button-main" onClick={() => void start()}>
              {phase() === "ready" ? "Import the faces" : "Try again"}
            </button>
            <button class="button" onClick={() => props.onBack()}>
              Choose something else
            </button>
          </Match>
          <Match when={phase() === "done"}>
            <Link class="button button-main" href="/gallery">
              See the gallery
            </Link>
          </Match>
        </Switch>
      </div>
    </>
  );

  async function start(): Promise<void> {
    setPhase("running");
    try {
      await importExportFile(props.file, abort.signal, setProgress);
      setPhase("done");
    } catch (error) {
      setFailure(refusalOf(error));
      setPhase("failed");
    }
  }
}
