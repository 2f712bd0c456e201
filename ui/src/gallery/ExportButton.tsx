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
        You get one file with the name, consent, portrait and numbers of{" "}
        {props.faces === undefined ? "every face" : counted(props.faces, "face")}. Anybody who has it can
        recognise these people, so keep it safe.
      </p>
      <p class="quiet">You can import it again, here or on another server that uses the same model.</p>
      <Show when={failure()} keyed>
        {(why) => (
          <Notice kind="bad" title="Can't export the gallery.">
            {why}
          </Notice>
        )}
      </Show>
    </Dialog>
  );
}
