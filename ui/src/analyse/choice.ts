import { createSelector, createSignal, type Accessor } from "solid-js";

/** Which face of the photo is looked at, and which one is under the pointer; faces by their index. */
export interface Choice {
  /** 0 is the largest face: chosen before anybody chooses. */
  chosen: Accessor<number>;
  /** Asked by every box and card, and heard by those alone that it changes for. */
  isChosen(face: number): boolean;
  isPointed(face: number): boolean;
  /** Whether a face's details are open. */
  isOpen(face: number): boolean;
  choose(face: number): void;
  /** The next face in that order, or the one before; around the ends. */
  step(by: 1 | -1, order: readonly number[]): void;
  point(face: number | undefined): void;
  toggle(face: number): void;
}

export function createChoice(): Choice {
  const [chosen, setChosen] = createSignal(0);
  const [pointed, setPointed] = createSignal<number>();
  const [open, setOpen] = createSignal<ReadonlySet<number>>(new Set());
  return {
    chosen,
    isChosen: createSelector(chosen),
    isPointed: createSelector<number | undefined, number>(pointed),
    isOpen: (face) => open().has(face),
    choose: setChosen,
    step: (by, order) => setChosen((face) => order.at((order.indexOf(face) + by) % order.length) ?? face),
    point: setPointed,
    toggle: (face) =>
      setOpen((before) => {
        const after = new Set(before);
        if (!after.delete(face)) after.add(face);
        return after;
      }),
  };
}
