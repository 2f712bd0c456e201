import { AnalysisSchema, chipsOfWork, create, type ChipPiece } from "@similarfaces/contracts";
import { isAnalyzer, type Inference } from "@similarfaces/inference";
import type { Stage } from "@similarfaces/runtime";
import { readAnswer } from "./answer.js";

export interface AnalyzerOptions {
  inference: Inference;
}

/**
 * The stage that is one analyzer: from a chip to the answers that its manifest names. One program for all of them.
 * Failures: model_failed.
 * @throws Error at once if the model of that name is no analyzer
 */
export function createAnalyzer(name: string, { inference }: AnalyzerOptions): Stage<ChipPiece> {
  const model = inference.model(name);
  const { manifest } = model;
  if (!isAnalyzer(manifest)) throw new Error(`${model.name} is no analyzer`);
  const { answers } = manifest;
  return {
    name,
    decode: chipsOfWork,

    async handle({ chip, chipSide }, { priority, signal, traceparent }) {
      // The message's bytes lie in the broker's receive buffer; the copy is what the worker takes over.
      const picture = { pixels: new Uint8Array(chip), width: chipSide, height: chipSide };
      const { outputs, startedAtMs } = await model.predict(picture, { priority, signal, traceparent });
      const value = create(AnalysisSchema, { answers: answers.map((answer) => readAnswer(answer, outputs)) });
      return { outcome: { case: "analysis", value }, model: model.name, startedAtMs };
    },
  };
}
