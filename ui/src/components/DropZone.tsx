import { createSignal, type ParentProps } from "solid-js";

/** An area that takes files and folders dropped on it; marked `data-over` while they are dragged above it. */
export function DropZone(props: ParentProps<{ class: string; onDrop: (given: DataTransfer) => void }>) {
  const [isOver, setOver] = createSignal(false);
  return (
    <div
      class={props.class}
      data-over={isOver() ? "" : undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        setOver(false);
        if (event.dataTransfer) props.onDrop(event.dataTransfer);
      }}
    >
      {props.children}
    </div>
  );
}
