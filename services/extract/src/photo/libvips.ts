import sharp from "sharp";

/** One decoded photo per thread of libuv's pool: stages run side by side anyway, and a cache would keep pixels. */
sharp.concurrency(1);
sharp.cache(false);
// Whatever else libvips could open (SVG, PDF, raw formats) is not a photo, and some of it can fetch and execute.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: [
    "VipsForeignLoadJpeg",
    "VipsForeignLoadPng",
    "VipsForeignLoadWebp",
    "VipsForeignLoadHeif",
    "VipsForeignLoadNsgif",
    "VipsForeignLoadTiff",
  ],
});

export default sharp;
