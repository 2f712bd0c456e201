import { For } from "solid-js";
import { Dialog } from "../components/Dialog";
import "./Shortcuts.css";

const KEYS: readonly (readonly [string, string])[] = [
  ["← →", "Previous or next face"],
  ["Enter", "More about the chosen face"],
  ["z", "Zoom in on the chosen face"],
  ["+ − 0", "Zoom in, zoom out, whole photo"],
  ["u", "Turn the photo upright, or back"],
  ["p", "Paste a photo"],
  ["g", "Open the gallery"],
  ["Delete", "Delete this photo (asks first)"],
  ["?", "Show this list"],
];

export function Shortcuts(props: { onClose: () => void }) {
  return (
    <Dialog
      title="Keyboard shortcuts"
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
