import type { EvaluateModels } from "@similarfaces/evaluate";
import { ProgressBar } from "../terminal/progressBar.js";

/** `npm run models -- eval`. @throws PackError */
export async function evaluateModels(
  request: Omit<EvaluateModels, "onStart" | "onPicture" | "onUnreadable">,
): Promise<number> {
  const evaluation = await import("@similarfaces/evaluate");
  let bar: ProgressBar | undefined;
  const { markdown, out } = await evaluation
    .evaluateModels({
      ...request,
      onStart: (pictures) => (bar = new ProgressBar("pictures", pictures)),
      onPicture: () => bar?.advance(),
      onUnreadable: (file, reason) => bar?.above("", `${file}: ${reason}`),
    })
    .finally(() => bar?.end());
  process.stdout.write(`${markdown}\n\n${out}.json and .md hold this.\n`);
  return 0;
}
