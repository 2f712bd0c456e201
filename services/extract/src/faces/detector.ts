import type { Manifest, Model, PredictOptions, Tensor } from "@similarfaces/inference";
import {
  YUNET_STRIDES,
  decodeCells,
  decodeYunet,
  type Detection,
  type Picture,
  type Size,
} from "@similarfaces/vision";

/** A detection model, and how its manifest says that its outputs are decoded. */
export interface Detector {
  /** "<id>@<version>" */
  readonly name: string;
  /** The sides of a frame are multiples of this many pixels; the graph's own side where that is fixed. */
  readonly frameMultiple: number;
  /** Intersection over union beyond which two boxes are one face. */
  readonly iouMax: number;
  /** Faces in pixels of the frame, not yet suppressed. Takes over the frame's buffer. */
  detect(frame: Picture, options: PredictOptions): Promise<Detection<"letterbox">[]>;
}

/** @throws Error at once if the manifest lacks what a detector needs */
export function detectorOf(model: Model): Detector {
  const { manifest } = model;
  const { decoder, thresholds } = manifest;
  if (!decoder || thresholds?.score === undefined || thresholds.iou === undefined) {
    throw new Error(`the manifest of ${model.name} needs decoder, thresholds.score and thresholds.iou`);
  }
  const decode = DECODERS[decoder];
  const scoreMin = thresholds.score;
  return {
    name: model.name,
    frameMultiple: frameMultipleOf(manifest),
    iouMax: thresholds.iou,
    async detect(frame, options) {
      const size = { width: frame.width, height: frame.height };
      const { outputs } = await model.predict(frame, options);
      return decode((name) => floats(outputs, name), size, scoreMin);
    },
  };
}

type Decode = (
  output: (name: string) => Float32Array,
  frame: Size,
  scoreMin: number,
) => Detection<"letterbox">[];

const DECODERS: Readonly<Record<NonNullable<Manifest["decoder"]>, Decode>> = {
  cells: (output, _frame, scoreMin) => decodeCells(output("faces"), scoreMin),
  yunet: (output, frame, scoreMin) =>
    decodeYunet(
      YUNET_STRIDES.map((stride) => ({
        cls: output(`cls_${stride}`),
        obj: output(`obj_${stride}`),
        bbox: output(`bbox_${stride}`),
        kps: output(`kps_${stride}`),
      })),
      frame,
      scoreMin,
    ),
};

/** A graph compiled for one size gets frames of that size; any other gets the smallest that hold the photo. */
function frameMultipleOf({ inputs: [{ shape, layout, sideMultiple }] }: Manifest): number {
  const side = shape[layout === "NHWC" ? 1 : 2];
  return typeof side === "number" ? side : (sideMultiple ?? 32);
}

function floats(outputs: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const tensor = outputs[name];
  if (!tensor) throw new Error(`the detector answered without its output ${name}`);
  return tensor.data;
}
