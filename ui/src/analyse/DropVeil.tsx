import { Show, createSignal, onCleanup, onMount } from "solid-js";
import { givenByDrop, type Given } from "../jobs/givenPhotos";
import "./DropVeil.css";

/** Takes a drop anywhere on the page, and says so while something is dragged over it. */
export function DropVeil(props: { onGiven: (given: Given) => void }) {
  const [isOver, setIsOver] = createSignal(false);
  // Enter and leave come for every element that is crossed.
  let depth = 0;

  const takes = (event: DragEvent) =>
    event.dataTransfer?.types.some(
      (type) => type === "Files" || type === "text/uri-list" || type === "text/html",
    );
  const over = (event: DragEvent) => {
    if (!takes(event)) return;
    event.preventDefault();
    event.dataTransfer!.dropEffect = "copy";
  };
  const enter = (event: DragEvent) => {
    if (!takes(event)) return;
    depth++;
    setIsOver(true);
  };
  const leave = (event: DragEvent) => {
    if (takes(event) && --depth <= 0) done();
  };
  const done = () => {
    depth = 0;
    setIsOver(false);
  };
  const drop = (event: DragEvent) => {
    if (!takes(event)) return;
    event.preventDefault();
    done();
    void givenByDrop(event.dataTransfer!).then((given) => props.onGiven(given));
  };

  onMount(() => {
    const listeners = { dragenter: enter, dragover: over, dragleave: leave, drop } as const;
    for (const [type, listener] of Object.entries(listeners)) {
      document.addEventListener(type, listener as EventListener);
    }
    onCleanup(() => {
      for (const [type, listener] of Object.entries(listeners)) {
        document.removeEventListener(type, listener as EventListener);
      }
    });
  });

  return (
    <Show when={isOver()}>
      <div class="drop-veil" aria-hidden="true">
        <p>Drop to analyse</p>
      </div>
    </Show>
  );
}
