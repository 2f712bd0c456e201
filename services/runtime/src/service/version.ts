/** One version covers services, contracts, images and chart. */
export const VERSION = "0.1.0";
