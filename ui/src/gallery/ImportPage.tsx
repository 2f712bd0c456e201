import { Match, Switch, createSignal } from "solid-js";
import { Link } from "../components/Link";
import { ChooseImport } from "./ChooseImport";
import { ExportImport } from "./ExportImport";
import { FolderImport } from "./FolderImport";
import { planImport, type GivenFile, type ImportPlan } from "./importPlan";
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
      <Switch fallback={<ChooseImport onFiles={take} />}>
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
