import { StageFailure } from "@similarfaces/contracts";
import { ConfigError, type Blobs, type Broker, type Log } from "@similarfaces/runtime";
import { createGallery } from "./createGallery.js";
import { openElasticsearchDriver, type INDEX_KINDS } from "./elasticsearch.js";
import type { Gallery, GalleryDriver, GalleryDriverName } from "./gallery.js";

/** The part of the configuration that chooses and opens a gallery. */
export interface GalleryConfig {
  galleryDriver: GalleryDriverName;
  elasticsearchUrl: string | undefined;
  elasticsearchApiKey: string | undefined;
  elasticsearchIndex: string;
  elasticsearchIndexKind: (typeof INDEX_KINDS)[number];
}

export interface OpenGalleryOptions {
  config: GalleryConfig;
  broker: Broker;
  blobs: Blobs;
  /** "<id>@<version>" of the embedder. */
  model: string;
  log: Log;
}

/** @throws ConfigError, StageFailure gallery_unavailable or wrong_product */
export async function openGallery({ blobs, model, ...options }: OpenGalleryOptions): Promise<Gallery> {
  return createGallery(await openDriver({ model, ...options }), blobs, model);
}

async function openDriver({ config, model, log }: Omit<OpenGalleryOptions, "blobs">): Promise<GalleryDriver> {
  const { galleryDriver, elasticsearchUrl, elasticsearchApiKey, elasticsearchIndex } = config;
  if (galleryDriver === "nats") throw new StageFailure("gallery_unavailable");
  if (elasticsearchUrl === undefined)
    throw new ConfigError(["ELASTICSEARCH_URL is required where GALLERY_DRIVER is elasticsearch"]);
  return openElasticsearchDriver({
    url: elasticsearchUrl,
    apiKey: elasticsearchApiKey,
    index: elasticsearchIndex,
    kind: config.elasticsearchIndexKind,
    model,
    log,
  });
}
