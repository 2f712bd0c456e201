export * from "./gallery/gallery.js";
export { createGallery } from "./gallery/createGallery.js";
export { openGallery, type GalleryConfig, type OpenGalleryOptions } from "./gallery/open.js";
export { gallerySettings } from "./config.js";
export { createMatch } from "./match.js";
export { createEnrol } from "./enrol.js";
export { serveGallery } from "./galleryService.js";
export { likenessOf, matchesOf, type Likeness } from "./likeness.js";
export { startMatch } from "./startMatch.js";
