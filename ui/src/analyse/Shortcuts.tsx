import { For } from "solid-js";
import { Dialog } from "../components/Dialog";
import "./Shortcuts.css";

const KEYS: readonly (readonly [string, string])[] = [
  ["← →", "The face before, the next face"],
  ["Enter", "Details of the chosen face"],
  ["z", "Look at the chosen face closely"],
  ["+ − 0", "Magnify, reduce, whole photo"],
  ["u", "A turned photo upright, or as it was sent"],
  ["p", "Paste a photo"],
  ["g", "Gallery"],
  ["Delete", "Delete this job, after a question"],
  ["?", "This list"],
];

export function Shortcuts(props: { onClose: () => void }) {
  return (
    <Dialog
      title="Keys"
      onClose={props.onClose}
      actions={
        <button class="button" onClick={() => props.onClose()}>
          Close
        </button>
      }
    >
      <dl class="shortcuts">
        <For each={KEYS}>
          {([key, what]) => (
            <div>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          )}
        </For>
      </dl>
    </Dialog>
  );
}
