export { gallerySettings } from "./config.js";
export type { ComparedModels } from "./drivers/driver.js";
export type { Gallery } from "./operations/gallery.js";
export { createGallery } from "./operations/createGallery.js";
export type { Identities } from "./operations/identities.js";
export { openIdentities, type GalleryConfig } from "./operations/openGallery.js";
export { likenessOf } from "./stages/likeness.js";
export { createMatch } from "./stages/match.js";
export { startMatch, type MatchConfig } from "./startMatch.js";
