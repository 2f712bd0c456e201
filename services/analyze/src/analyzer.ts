import { CHIP_BYTES, CHIP_SIDE, FaceWorkSchema, StageFailure, fromBinary } from "@similarfaces/contracts";
import type { AnalyzerName, FaceWork } from "@similarfaces/contracts";
import type { Inference } from "@similarfaces/inference";
import type { Stage } from "@similarfaces/runtime";
import type { Attribute } from "./attribute.js";
import { age } from "./attributes/age.js";
import { emotion } from "./attributes/emotion.js";
import { gender } from "./attributes/gender.js";
import { race } from "./attributes/race.js";

const ATTRIBUTES: Readonly<Record<AnalyzerName, Attribute>> = { age, gender, race, emotion };

export interface AnalyzerOptions {
  inference: Inference;
}

/** The stage that reads one attribute from chips. One program, configured four ways. Failures: model_failed. */
export function createAnalyzer(name: AnalyzerName, { inference }: AnalyzerOptions): Stage<FaceWork> {
  const attribute = ATTRIBUTES[name];
  const model = inference.model(name);
  return {
    name,

    decode(data) {
      const work = fromBinary(FaceWorkSchema, data);
      if (work.chip.length !== CHIP_BYTES)
        throw new StageFailure("malformed_message", "a chip of another size");
      return [work];
    },

    async handle({ chip }, { priority, signal, traceparent }) {
      // The message's bytes lie in the broker's receive buffer; the copy is what the worker takes over.
      const picture = { pixels: new Uint8Array(chip), width: CHIP_SIDE, height: CHIP_SIDE };
      const { outputs, startedAtMs } = await model.predict(picture, { priority, signal, traceparent });
      return { outcome: attribute.read(outputs, model.manifest), model: model.name, startedAtMs };
    },
  };
}
