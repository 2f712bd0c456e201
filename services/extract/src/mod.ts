export * from "./extract.js";
export { extractSettings } from "./config.js";
// What else looks at photos (the benchmark, a pack's evaluation) looks at them as the stage does.
export { assessFaces } from "./faces/assess.js";
export { chipsOf, cutChip } from "./faces/chips.js";
export { extractedOf } from "./faces/extracted.js";
export { finderOf, type Finder } from "./faces/finder.js";
export { decodePhoto } from "./photo/decodePhoto.js";
export { viewsOf } from "./faces/views.js";
export { encodeJpeg, resize } from "./photo/picture.js";
