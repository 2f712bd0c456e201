import { Client, errors } from "@elastic/elasticsearch";
import { StageFailure } from "@similarfaces/contracts";
import type { ElasticsearchOptions } from "./settings.js";

/** The client speaks to servers of its own major version only. */
const MAJOR = 9;
const REQUEST_TIMEOUT_MS = 10_000;

export function connectElasticsearch({ url, apiKey }: ElasticsearchOptions): Client {
  return new Client({
    nodes: url.split(",").map((node) => node.trim()),
    ...(apiKey ? { auth: { apiKey } } : {}),
    requestTimeout: REQUEST_TIMEOUT_MS,
    // The client would try again at once and never after a 429; request.ts does both, with a pause.
    maxRetries: 0,
    enableMetaHeader: false,
  });
}

/**
 * Every node's version, so that a cluster in the middle of an upgrade counts as its oldest node. Not `GET /`, which
 * names one node's and which the minimal distribution does not have.
 * @throws StageFailure wrong_product, and whatever the request throws
 */
export async function checkProduct(client: Client): Promise<string> {
  const versions = await client.nodes
    .info({ filter_path: "nodes.*.version" })
    .then(({ nodes }) => Object.values(nodes ?? {}).map(({ version }) => version))
    .catch((error: unknown) => {
      throw isAnotherProduct(error) ? wrongProduct("it does not answer as one", error) : error;
    });
  const unsupported = versions.find((version) => Number.parseInt(version, 10) !== MAJOR);
  if (unsupported !== undefined) throw wrongProduct(`it is of version ${unsupported}`);
  if (versions.length === 0) throw wrongProduct("it names no node");
  return versions.sort()[0]!;
}

/** The client checks the product header of good answers only; older versions refuse its media type. */
function isAnotherProduct(error: unknown): boolean {
  if (error instanceof errors.ProductNotSupportedError || error instanceof errors.DeserializationError)
    return true;
  if (!(error instanceof errors.ResponseError)) return false;
  const status = error.statusCode ?? 0;
  if (error.headers?.["x-elastic-product"] === "Elasticsearch") return status === 400 || status === 406;
  return status < 500 && ![401, 403, 407, 408, 429].includes(status);
}

function wrongProduct(why: string, cause?: unknown): StageFailure {
  return new StageFailure("wrong_product", `the gallery's server is no Elasticsearch ${MAJOR}: ${why}`, {
    cause,
  });
}
