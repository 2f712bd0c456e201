export * from "./extract.js";
export { extractSettings } from "./config.js";
export { cutChip } from "./chips.js";
export { detectFaces } from "./detect.js";
export { detectorOf, type Detector } from "./detector.js";
export { decodePhoto } from "./photo.js";
export { viewsOf } from "./views.js";
