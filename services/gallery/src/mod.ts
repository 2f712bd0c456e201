export * from "./operations/gallery.js";
export { createGallery } from "./operations/createGallery.js";
export {
  openGallery,
  openGalleryDriver,
  type GalleryConfig,
  type OpenGalleryOptions,
} from "./operations/open.js";
export { gallerySettings, matchSettings } from "./config.js";
export { openNatsGallery, type NatsGalleryOptions } from "./drivers/nats/driver.js";
export { createMatch } from "./stages/match.js";
export { createEnrol } from "./stages/enrol.js";
export { serveGallery } from "./service/galleryService.js";
export { likenessOf, matchesOf, type Likeness } from "./stages/likeness.js";
export { startMatch, type MatchConfig, type StartMatchOptions } from "./startMatch.js";
