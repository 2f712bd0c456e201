export * from "./extract.js";
export { extractSettings } from "./config.js";
// What else looks at photos (the benchmark, a pack's evaluation) looks at them as the stage does.
export { assessFaces } from "./assess.js";
export { chipsOf, cutChip } from "./chips.js";
export { detectFaces } from "./detect.js";
export { detectorOf, type Detector } from "./detector.js";
export { extractedOf } from "./extracted.js";
export { decodePhoto } from "./decodePhoto.js";
export { viewsOf } from "./views.js";
