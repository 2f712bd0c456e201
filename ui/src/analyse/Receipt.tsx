import { For, Show, onMount } from "solid-js";
import type { DeletionReceipt } from "@similarfaces/contracts/api";
import { formatTime } from "../formats";
import "./Receipt.css";

const STORES: Readonly<Record<DeletionReceipt["stores"][number]["store"], string>> = {
  images: "Photos waiting to be analysed",
  faces: "Faces waiting to be analysed",
  embeddings: "Faces waiting to be compared",
  results: "Answers",
  blobs: "Pictures of the photo and its faces",
};

/** What a deletion found and removed, store by store; without figures where somebody else asked for it. */
export function Receipt(props: {
  receipt: DeletionReceipt | undefined;
  deletedAtMs: number;
  onChoosePhoto: () => void;
}) {
  let heading!: HTMLHeadingElement;
  // The button that was pressed is gone: the focus goes to what came of it.
  onMount(() => heading.focus());
  return (
    <div class="page receipt">
      <h1 tabindex="-1" ref={heading}>
        Deleted
      </h1>
      <p class="quiet">The photo and all its answers were deleted at {formatTime(props.deletedAtMs)}.</p>
      <Show when={props.receipt} keyed>
        {(receipt) => (
          <>
            <table class="receipt-stores">
              <thead>
                <tr>
                  <th scope="col">What</th>
                  <th scope="col">Removed</th>
                  <th scope="col">In a second look</th>
                </tr>
              </thead>
              <tbody>
                <For each={receipt.stores}>
                  {({ store, found, foundAgain }) => (
                    <tr>
                      <th scope="row">{STORES[store]}</th>
                      <td>{found}</td>
                      <td>{foundAgain}</td>
                    </tr>
                  )}
                </For>
              </tbody>
            </table>
            <p class="small quiet">
              Anything a model was still working on is removed in a last look at{" "}
              {formatTime(receipt.purgedAgainAtMs)}. For your records, this was <code>{receipt.jobId}</code>
            </p>
          </>
        )}
      </Show>
      <p>
        <button class="button button-main" onClick={() => props.onChoosePhoto()}>
          Analyse another
        </button>
      </p>
    </div>
  );
}
