import type { Client, estypes } from "@elastic/elasticsearch";
import { EMBEDDING_SIZE, StageFailure } from "@similarfaces/contracts";
import { isMissingIndex } from "./request.js";
import type { ElasticsearchOptions, IndexKind } from "./settings.js";

/** Replicas see each other's changes after this at the latest; a driver sees its own at once (it asks for a refresh). */
const REFRESH_INTERVAL = "500ms";
const ADMIN_TIMEOUT_MS = 60_000;
/** Of what is stored, in the template's _meta. */
const SCHEMA_VERSION = 1;

const NOTE: estypes.MappingProperty = { type: "object", enabled: false };

/**
 * One index holds three kinds of document. An identity is the record: its name, its consent, and all about its faces but
 * their vectors, so that each change of it is one write, guarded by its sequence number. A face is what is searched:
 * it belongs to an identity only if that lists it. The vector's exact bytes are stored beside it as text, because the server
 * keeps vectors of its own rounding. A note says what goes on over several changes.
 */
function mappings(kind: IndexKind): estypes.MappingTypeMapping {
  const keyword = { type: "keyword" } as const;
  return {
    dynamic: "strict",
    _meta: { similarfaces: SCHEMA_VERSION },
    _source: { excludes: ["vector"] },
    properties: {
      kind: keyword,
      identity_id: keyword,
      name: { type: "keyword", index: false, doc_values: false },
      name_key: keyword,
      consent: { type: "keyword", index: false, doc_values: false },
      created_at_ms: { type: "double", index: false },
      face_ids: keyword,
      faces: { type: "object", enabled: false },
      face_id: keyword,
      note: NOTE,
      model: keyword,
      embedding: { type: "binary" },
      vector: {
        type: "dense_vector",
        dims: EMBEDDING_SIZE,
        similarity: "cosine",
        index: true,
        index_options: { type: kind },
      },
    },
  };
}

const SETTINGS: estypes.IndicesIndexSettings = {
  number_of_shards: 1,
  auto_expand_replicas: "0-1",
  refresh_interval: REFRESH_INTERVAL,
};

/** Puts the template, and the first index with its alias where there is none; any number of replicas may do so at once. */
export async function ensureIndex(
  connected: Client,
  { index: alias, kind }: ElasticsearchOptions,
): Promise<void> {
  // Every node has its part in these.
  const client = connected.child({ requestTimeout: ADMIN_TIMEOUT_MS });
  await client.indices.putIndexTemplate({
    name: alias,
    index_patterns: [`${alias}-*`],
    priority: 500,
    template: { settings: SETTINGS, mappings: mappings(kind) },
    _meta: { description: "faces and identities of similarfaces" },
  });
  while (!(await attachAlias(client, alias))) {
    if (await client.indices.exists({ index: alias })) {
      throw new StageFailure("gallery_unavailable", `${alias} is an index, and has to be the alias of one`);
    }
    await client.indices
      .create({ index: numbered(alias, 1), aliases: { [alias]: { is_write_index: true } } })
      .catch((error: unknown) => {
        if (!alreadyExists(error)) throw error;
      });
  }
  // An index of before knows no notes.
  await client.indices.putMapping({ index: alias, properties: { note: NOTE } });
  await client.cluster.health({ index: alias, wait_for_status: "yellow", timeout: "5s" });
}

/** Whether the alias points to an index. An index that lost its alias gets it back, with all that is in it. */
export async function attachAlias(client: Client, alias: string): Promise<boolean> {
  if (await client.indices.existsAlias({ name: alias })) return true;
  const last = (await indicesOf(client, alias)).at(-1);
  if (last === undefined) return false;
  await client.indices.putAlias({ index: last, name: alias, is_write_index: true });
  return true;
}

/** Concrete indices, oldest first, the aliased and others. */
export async function indicesOf(client: Client, alias: string): Promise<string[]> {
  const found = await client.indices.get({
    index: `${alias}-*`,
    allow_no_indices: true,
    features: ["aliases"],
  });
  return Object.keys(found)
    .filter((name) => /^-\d{6}$/.test(name.slice(alias.length)))
    .sort();
}

export function numbered(alias: string, number: number): string {
  return `${alias}-${String(number).padStart(6, "0")}`;
}

/** The index that the alias points to, and its kind. */
export async function indexBehind(
  client: Client,
  alias: string,
): Promise<{ index: string; kind: string } | undefined> {
  try {
    const [found] = Object.entries(await client.indices.getMapping({ index: alias }));
    if (!found) return undefined;
    const vector = found[1].mappings.properties?.["vector"] as estypes.MappingDenseVectorProperty | undefined;
    return { index: found[0], kind: vector?.index_options?.type ?? "unknown" };
  } catch (error) {
    if (isMissingIndex(error)) return undefined;
    throw error;
  }
}

function alreadyExists(error: unknown): boolean {
  const type = (error as { body?: { error?: { type?: string } } }).body?.error?.type;
  return type === "resource_already_exists_exception";
}
