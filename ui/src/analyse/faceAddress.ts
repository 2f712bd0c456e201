import { createEffect, createMemo, on, type Accessor } from "solid-js";
import { amendQuery, query } from "../router";
import type { Choice } from "./choice";

/**
 * Keeps the chosen face in the address of its job (`?face=13`, by its index), so that a link, a reload and the way back lead to it. The
 * largest face, which is chosen before anybody chooses, needs no word there.
 */
export function keepFaceInAddress(
  choice: Pick<Choice, "chosen" | "choose">,
  isJob: Accessor<boolean>,
  faces: Accessor<readonly { index: number }[]>,
): void {
  const asked = createMemo(() => {
    const face = query().get("face");
    return isJob() && face !== null && /^\d{1,4}$/.test(face) ? Number(face) : 0;
  });
  createEffect(on(asked, (face) => choice.choose(face)));
  createEffect(
    on(
      choice.chosen,
      (face) => {
        if (isJob() && face !== asked()) amendQuery("face", face === 0 ? undefined : String(face));
      },
      { defer: true },
    ),
  );
  // A link may name a face that the photo does not have.
  createEffect(() => {
    const known = faces();
    if (known.length > 0 && !known.some(({ index }) => index === choice.chosen())) choice.choose(0);
  });
}
