import { DropZone } from "../components/DropZone";
import { filesOfDrop, filesOfInput } from "./givenFolder";
import type { GivenFile } from "./importPlan";

/** Where a folder or an export is dropped or chosen. */
export function ChooseImport(props: { onFiles: (files: readonly GivenFile[]) => void }) {
  let folder!: HTMLInputElement;
  let file!: HTMLInputElement;
  return (
    <DropZone
      class="gallery-empty import-drop"
      onDrop={(given) => void filesOfDrop(given).then(props.onFiles)}
    >
      <h2>Drop a folder, or an exported gallery</h2>
      <p class="quiet">
        Give each person a folder of their own, named after them, or name the photos after people, like "Ada
        Lovelace 2.jpg".
      </p>
      <div class="gallery-actions">
        <button class="button button-main" onClick={() => folder.click()}>
          Choose a folder
        </button>
        <button class="button" onClick={() => file.click()}>
          Choose an exported file
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
    </DropZone>
  );
}
