import { For, Match, Show, Switch, createEffect, createMemo, createSignal, on, onCleanup } from "solid-js";
import { Notice } from "../components/Notice";
import { givenByClipboard, givenByPaste, type Given } from "../jobs/givenPhotos";
import type { Refusal } from "../jobs/photoCheck";
import { addPhotos, shots, shownShot } from "../jobs/visit";
import { navigate, query, route } from "../router";
import { Camera } from "./Camera";
import { DropVeil } from "./DropVeil";
import { Filmstrip } from "./Filmstrip";
import { Shortcuts } from "./Shortcuts";
import { Welcome } from "./Welcome";
import { Workspace } from "./Workspace";
import { onKeys } from "./keys";
import "./Analyse.css";

/** `/` and `/jobs/<id>`: give a photo, watch the answers come. */
export function Analyse() {
  const [refusals, setRefusals] = createSignal<Refusal[]>([]);
  const [dialog, setDialog] = createSignal<"camera" | "shortcuts">();
  let chooser!: HTMLInputElement;

  const jobId = createMemo(() => {
    const here = route();
    return here.page === "analyse" ? here.jobId : undefined;
  });
  const isEmpty = () => jobId() === undefined && shownShot() === undefined;
  // A photo stays the same on screen when it becomes a job.
  const shown = createMemo(() => shownShot()?.id ?? jobId());

  // A photo that was on its way when the page was reloaded is not known any more.
  createEffect(() => {
    if (isEmpty() && route().page === "analyse" && query().has("photo")) navigate("/", { replace: true });
  });
  // Refusals are about the photos that were given last; another photo is seen from its beginning.
  createEffect(
    on(
      shown,
      () => {
        setRefusals([]);
        scrollTo(0, 0);
      },
      { defer: true },
    ),
  );

  const take = (given: Given) => {
    if (given.files.length > 0) addPhotos(given.files);
    // After the photos: showing them clears the refusals before.
    setRefusals(given.refusals);
  };
  const choose = () => chooser.click();

  const paste = (event: ClipboardEvent) => {
    if ((event.target as HTMLElement).closest("input, textarea")) return;
    const given = event.clipboardData && givenByPaste(event.clipboardData);
    if (given && given.files.length > 0) take(given);
  };
  document.addEventListener("paste", paste);
  onCleanup(() => document.removeEventListener("paste", paste));

  onKeys({
    p: () => void givenByClipboard().then(take),
    g: () => navigate("/gallery"),
    "?": () => setDialog("shortcuts"),
  });

  return (
    <div class="analyse">
      <input
        ref={chooser}
        type="file"
        accept="image/*,.heic,.heif,.avif"
        multiple
        hidden
        aria-label="Photos"
        onChange={() => {
          take({ files: [...(chooser.files ?? [])], refusals: [] });
          chooser.value = "";
        }}
      />
      <Show when={refusals().length > 0}>
        <div class="analyse-refusals">
          <For each={refusals()}>
            {(refusal) => (
              <Notice
                kind="bad"
                title={refusal.title}
                onClose={() => setRefusals((all) => all.filter((other) => other !== refusal))}
              >
                {refusal.help}
              </Notice>
            )}
          </For>
        </div>
      </Show>
      <Switch>
        <Match when={shown()} keyed>
          {(_) => <Workspace shot={shownShot()} jobId={jobId()} onChoosePhoto={choose} />}
        </Match>
        <Match when={isEmpty()}>
          <Welcome
            onChoose={choose}
            onPaste={() => void givenByClipboard().then(take)}
            onCamera={() => setDialog("camera")}
            onPhotos={(files) => take({ files, refusals: [] })}
          />
        </Match>
      </Switch>
      <Show when={shots().length > 0}>
        <Filmstrip onChoose={choose} />
      </Show>
      <DropVeil onGiven={take} />
      <Switch>
        <Match when={dialog() === "camera"}>
          <Camera
            onPhoto={(photo) => take({ files: [photo], refusals: [] })}
            onClose={() => setDialog(undefined)}
          />
        </Match>
        <Match when={dialog() === "shortcuts"}>
          <Shortcuts onClose={() => setDialog(undefined)} />
        </Match>
      </Switch>
    </div>
  );
}
