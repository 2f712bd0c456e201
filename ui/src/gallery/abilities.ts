import { about } from "../installation";

/** Whether this installation has a gallery to compare with, and whether it adds to it; true until `/v1/about` has answered. */
export const hasGallery = (): boolean => about()?.stages.includes("match") ?? true;
export const hasEnrolment = (): boolean => about()?.stages.includes("enrol") ?? true;

/** Whether this page may read the gallery: with a key, or from the gateway's own machine while there is none. */
export const mayReadGallery = (): boolean => about()?.scopes.includes("gallery:read") ?? true;

/** Whether this page may read it, and change it, perhaps with a key that is asked for. */
export const canCompare = (): boolean => hasGallery() && (mayReadGallery() || mayHaveKey());
export const canEnrol = (): boolean =>
  hasEnrolment() && ((about()?.scopes.includes("gallery:write") ?? true) || mayHaveKey());

const mayHaveKey = (): boolean => about()?.galleryKey ?? true;
