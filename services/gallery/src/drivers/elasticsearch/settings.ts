import { oneOf, optional, optionalUrl, text } from "@similarfaces/runtime";

/**
 * How vectors are held: int8_hnsw, one byte per number; bbq_hnsw, one bit per number, for galleries of millions;
 * flat, every float and no graph: exact, and slower with every face.
 */
export const INDEX_KINDS = ["int8_hnsw", "bbq_hnsw", "flat"] as const;
export type IndexKind = (typeof INDEX_KINDS)[number];

/** A private certificate authority is given to Node.js: NODE_EXTRA_CA_CERTS=<file>. */
export const elasticsearchSettings = {
  /** Several nodes, comma-separated. */
  elasticsearchUrl: optionalUrl("ELASTICSEARCH_URL", ["http", "https"]),
  elasticsearchApiKey: optional("ELASTICSEARCH_API_KEY"),
  /** The alias; indices are `<alias>-000001` and so on. */
  elasticsearchIndex: text("ELASTICSEARCH_INDEX", { default: "similarfaces-gallery" }),
  elasticsearchIndexKind: oneOf("ELASTICSEARCH_INDEX_KIND", INDEX_KINDS, { default: "int8_hnsw" }),
};

export interface ElasticsearchOptions {
  url: string;
  apiKey?: string | undefined;
  /** The alias. */
  index: string;
  kind: IndexKind;
}
