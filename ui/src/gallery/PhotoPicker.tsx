import { DropZone } from "../components/DropZone";
import "./PhotoPicker.css";

/** Photos by click or drop. What else is dropped is refused later, in words, beside its name. */
export function PhotoPicker(props: {
  label: string;
  help: string;
  onFiles: (files: File[]) => void;
  isMissing: boolean;
}) {
  let input!: HTMLInputElement;
  return (
    <DropZone class="picker" onDrop={(given) => give([...given.files])}>
      <button
        type="button"
        data-missing={props.isMissing ? "" : undefined}
        class="button"
        onClick={() => input.click()}
      >
        {props.label}
      </button>
      <p class="small quiet">{props.help}</p>
      <input
        ref={input}
        type="file"
        accept="image/*,.heic,.heif"
        multiple
        hidden
        onChange={() => {
          give([...(input.files ?? [])]);
          // The same file may be chosen again.
          input.value = "";
        }}
      />
    </DropZone>
  );

  function give(files: File[]): void {
    if (files.length > 0) props.onFiles(files);
  }
}
