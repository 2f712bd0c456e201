export * from "./gallery/gallery.js";
export { createGallery } from "./gallery/createGallery.js";
export {
  openGallery,
  openGalleryDriver,
  type GalleryConfig,
  type OpenGalleryOptions,
} from "./gallery/open.js";
export { gallerySettings, matchSettings } from "./config.js";
export { openNatsGallery, type NatsGalleryOptions } from "./gallery/nats.js";
export { createMatch } from "./match.js";
export { createEnrol } from "./enrol.js";
export { serveGallery } from "./galleryService.js";
export { likenessOf, matchesOf, type Likeness } from "./likeness.js";
export { startMatch, type MatchConfig, type StartMatchOptions } from "./startMatch.js";
