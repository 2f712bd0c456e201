import { createEffect, createMemo, createSignal, onCleanup, onMount, type Accessor } from "solid-js";

/** How far from what is seen of the list a card is still near: a quarter of it, on every side; while answers come, and cost the models' time, none. */
const MARGIN = { still: "25%", running: "0%" } as const;

/** Which cards of a long list are worth building, and the room of those that are not. */
export interface NearCards {
  /** Whether it is on screen, or about to be. */
  isNear(face: number): boolean;
  /** Pixels of height: as it was last, else as another card is. */
  roomOf(face: number): number;
}

/** Watches the cards in `list()`, elements with `data-face`, of which there are `count()`, whose answers still come while `isRunning()`. */
export function createNearCards(
  list: () => HTMLElement,
  count: Accessor<number>,
  isRunning: Accessor<boolean>,
): NearCards {
  const [near, setNear] = createSignal<ReadonlySet<number>>(new Set());
  const [usualPx, setUsualPx] = createSignal(0);
  const lastPx = new Map<number, number>();

  onMount(() => {
    const measure = () => {
      lastPx.clear();
      const card = list().querySelector<HTMLElement>("[data-built]:not(:has(.details))");
      if (card) setUsualPx(card.offsetHeight);
    };
    // At once: the places of the others are never drawn without their room.
    measure();
    const width = new ResizeObserver(measure);
    width.observe(list());
    const moved = (changes: readonly IntersectionObserverEntry[]) =>
      setNear((before) => {
        const after = new Set(before);
        for (const { target, isIntersecting, boundingClientRect } of changes) {
          const face = Number((target as HTMLElement).dataset["face"]);
          if (isIntersecting) after.add(face);
          // What has the focus stays, or the focus would be lost.
          else if (!target.contains(document.activeElement) && after.delete(face))
            lastPx.set(face, boundingClientRect.height);
        }
        return after;
      });
    const known = createMemo(count);
    const margin = createMemo(() => (isRunning() ? MARGIN.running : MARGIN.still));
    createEffect(() => {
      if (known() === 0) return;
      const places = new IntersectionObserver(moved, { root: list(), rootMargin: margin() });
      for (const card of list().children) places.observe(card);
      onCleanup(() => places.disconnect());
    });
    onCleanup(() => width.disconnect());
  });

  return {
    isNear: (face) => near().has(face),
    roomOf: (face) => lastPx.get(face) ?? usualPx(),
  };
}
