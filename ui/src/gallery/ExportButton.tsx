import { Show, createSignal } from "solid-js";
import { exportGallery } from "../api/gallery";
import { Dialog } from "../components/Dialog";
import { Notice } from "../components/Notice";
import { counted, formatBytes } from "../formats";
import { permitted, refusalOf } from "./permission";
import { saveFile } from "./saveFile";

/** Everything that is known of everybody, as a file; asked about first. */
export function ExportButton(props: { faces: number | undefined }) {
  const [isOpen, setOpen] = createSignal(false);
  return (
    <>
      <button class="button" onClick={() => setOpen(true)}>
        Export
      </button>
      <Show when={isOpen()}>
        <ExportDialog faces={props.faces} onClose={() => setOpen(false)} />
      </Show>
    </>
  );
}

function ExportDialog(props: { faces: number | undefined; onClose: () => void }) {
  const [bytes, setBytes] = createSignal<number>();
  const [failure, setFailure] = createSignal<string>();
  const start = async () => {
    setBytes(0);
    setFailure(undefined);
    try {
      const file = await permitted(() => exportGallery(setBytes));
      saveFile(file, `gallery-${new Date().toISOString().slice(0, 10)}.ndjson`);
      props.onClose();
    } catch (error) {
      setFailure(refusalOf(error));
      setBytes(undefined);
    }
  };
  return (
    <Dialog
      title="Export the gallery"
      onClose={() => props.onClose()}
      actions={
        <>
          <button class="button" onClick={() => props.onClose()}>
            Cancel
          </button>
          <button class="button button-main" disabled={bytes() !== undefined} onClick={() => void start()}>
            <Show when={bytes() !== undefined} fallback="Download">
              {`Reading, ${formatBytes(bytes()!)}`}
            </Show>
          </button>
        </>
      }
    >
      <p>
        One file with the name, the consent, the portraits and the numbers of{" "}
        {props.faces === undefined ? "every face" : counted(props.faces, "face")}. Whoever has it can
        recognise these people: keep it as you would keep the gallery itself.
      </p>
      <p class="quiet">It can be imported again, here or elsewhere, where the same model is in use.</p>
      <Show when={failure()} keyed>
        {(why) => (
          <Notice kind="bad" title="The export failed.">
            {why}
          </Notice>
        )}
      </Show>
    </Dialog>
  );
}
