import { GALLERY_BUCKET } from "@similarfaces/contracts";
import { ConfigError, type Blobs, type Broker, type Log, type Metrics } from "@similarfaces/runtime";
import type { ComparedModels, GalleryDriver } from "../drivers/driver.js";
import type { IndexKind } from "../drivers/elasticsearch/settings.js";
import { openNatsGallery } from "../drivers/nats/driver.js";
import { createGallery } from "./createGallery.js";
import type { Gallery } from "./gallery.js";
import { createIdentities } from "./createIdentities.js";
import type { Identities } from "./identities.js";
import { measuredGallery } from "./measuredGallery.js";

/** The part of the configuration that chooses and opens a gallery. */
export interface GalleryConfig {
  galleryDriver: "nats" | "elasticsearch";
  galleryMaxMib: number;
  gallerySnapshotFile: string | undefined;
  elasticsearchUrl: string | undefined;
  elasticsearchApiKey: string | undefined;
  elasticsearchIndex: string;
  elasticsearchIndexKind: IndexKind;
}

export interface OpenGalleryOptions {
  config: GalleryConfig;
  broker: Broker;
  blobs: Blobs;
  /** Whose embeddings are compared. */
  models: ComparedModels;
  metrics: Metrics;
  log: Log;
  /** Gives up waiting for the store. */
  signal: AbortSignal;
}

const MIB = 1024 * 1024;

/** @throws ConfigError, StageFailure gallery_unavailable or wrong_product */
export async function openGallery(options: OpenGalleryOptions): Promise<Gallery> {
  const { blobs, models, metrics } = options;
  return measuredGallery(createGallery(await openIdentities(options), blobs, models), metrics);
}

/** The gallery without portraits. @throws as openGallery does */
export async function openIdentities(
  options: Omit<OpenGalleryOptions, "blobs" | "metrics">,
): Promise<Identities> {
  return createIdentities(await openDriver(options));
}

async function openDriver(options: Omit<OpenGalleryOptions, "blobs" | "metrics">): Promise<GalleryDriver> {
  const { config, broker, models, log, signal } = options;
  if (config.galleryDriver === "nats") {
    const bytesMax = config.galleryMaxMib * MIB;
    const snapshotFile = config.gallerySnapshotFile;
    return openNatsGallery({ broker, bucket: GALLERY_BUCKET, models, bytesMax, snapshotFile, log, signal });
  }
  const { elasticsearchUrl: url, elasticsearchApiKey: apiKey } = config;
  if (url === undefined)
    throw new ConfigError(["ELASTICSEARCH_URL is required where GALLERY_DRIVER is elasticsearch"]);
  // Its client is loaded only where it is used.
  const { openElasticsearchGallery } = await import("../drivers/elasticsearch/driver.js");
  const { elasticsearchIndex: index, elasticsearchIndexKind: kind } = config;
  return openElasticsearchGallery({ url, apiKey, index, kind, models, log, signal });
}
