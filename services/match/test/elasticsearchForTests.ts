import { startElasticsearch } from "@similarfaces/load";

export interface ElasticsearchForTests {
  readonly url: string;
  /** Ends it, where this run started it. */
  stop(): Promise<void>;
}

/**
 * The server of ELASTICSEARCH_URL, or one started here and now; undefined where none can be had.
 * @throws Error instead, where everything is required
 */
export async function elasticsearchForTests(): Promise<ElasticsearchForTests | undefined> {
  const url = process.env["ELASTICSEARCH_URL"];
  if (url) return { url, stop: async () => {} };
  try {
    return await startElasticsearch();
  } catch (error) {
    if (process.env["SIMILARFACES_REQUIRE_ALL"]) throw error;
    console.error("no Elasticsearch:", error instanceof Error ? error.message : error);
    return undefined;
  }
}
