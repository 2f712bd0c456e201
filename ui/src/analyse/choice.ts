import { createSignal, type Accessor } from "solid-js";

/** Which face of the photo is looked at, and which one is under the pointer. */
export interface Choice {
  /** 0 is the largest face: chosen before anybody chooses. */
  chosen: Accessor<number>;
  pointed: Accessor<number | undefined>;
  /** Whether a face's details are open. */
  isOpen(face: number): boolean;
  choose(face: number): void;
  /** The next face, or the one before; around the ends. */
  step(by: 1 | -1, faces: number): void;
  point(face: number | undefined): void;
  toggle(face: number): void;
}

export function createChoice(): Choice {
  const [chosen, setChosen] = createSignal(0);
  const [pointed, setPointed] = createSignal<number>();
  const [open, setOpen] = createSignal<ReadonlySet<number>>(new Set());
  return {
    chosen,
    pointed,
    isOpen: (face) => open().has(face),
    choose: setChosen,
    step: (by, faces) => faces > 0 && setChosen((face) => (face + by + faces) % faces),
    point: setPointed,
    toggle: (face) =>
      setOpen((before) => {
        const after = new Set(before);
        if (!after.delete(face)) after.add(face);
        return after;
      }),
  };
}
