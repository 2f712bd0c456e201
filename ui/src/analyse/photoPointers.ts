import type { PointJson } from "@similarfaces/contracts/job";

/** A pointer that went farther has moved the photo, and meant no face. */
const TAP_PX_MAX = 8;

interface PhotoPointers {
  frame: () => HTMLElement;
  isZoomed: () => boolean;
  zoomBy: (factor: number, at: PointJson) => void;
  panBy: (by: PointJson) => void;
  tap: (at: PointJson) => void;
}

/** What one finger or the mouse does to the photo, and two fingers: move it, magnify it, tap it. Points are CSS pixels of the frame. */
export function createPhotoPointers({ frame, isZoomed, zoomBy, panBy, tap }: PhotoPointers) {
  const pointers = new Map<number, PointJson>();
  let grabbed: PointJson = { x: 0, y: 0 };

  const at = (event: MouseEvent): PointJson => {
    const { left, top } = frame().getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const release = (event: PointerEvent) => void pointers.delete(event.pointerId);

  return {
    at,
    release,
    grab(event: PointerEvent) {
      if (event.button !== 0) return;
      grabbed = at(event);
      pointers.set(event.pointerId, grabbed);
    },
    move(event: PointerEvent) {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = at(event);
      const [first, second] = [...pointers.values()];
      if (first && second) {
        const other = first === before ? second : first;
        const spread = Math.hypot(now.x - other.x, now.y - other.y);
        const spreadBefore = Math.hypot(before.x - other.x, before.y - other.y);
        if (spreadBefore > 0) zoomBy(spread / spreadBefore, other);
      } else if (isZoomed()) {
        frame().setPointerCapture(event.pointerId);
        panBy({ x: now.x - before.x, y: now.y - before.y });
      }
      pointers.set(event.pointerId, now);
    },
    click(event: MouseEvent) {
      const now = at(event);
      if (Math.hypot(now.x - grabbed.x, now.y - grabbed.y) <= TAP_PX_MAX) tap(now);
    },
  };
}
