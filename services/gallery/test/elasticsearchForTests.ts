import {
  startElasticsearch,
  type ElasticsearchServer,
} from "../../../observability/load/src/elasticsearchServer.js";
import type { Client, estypes } from "@elastic/elasticsearch";

export interface ElasticsearchForTests {
  /** With the rights that a deployment gives (helm/README.md), and no others. */
  readonly url: string;
  readonly apiKey: string | undefined;
  /** With every right. */
  readonly adminUrl: string;
  /** Undefined where it runs elsewhere (ELASTICSEARCH_URL) and is not ours to end. */
  readonly own: ElasticsearchServer | undefined;
}

const PASSWORD = "only-for-tests";
const HASH = "$2a$10$r6rz3.DTMBumw5E7MDjapeRgZUSGgWbeSyWp/tBYgmIXj/iMLPo7y";

/**
 * The server of ELASTICSEARCH_URL, or one started here and now; undefined where none can be had.
 * @throws Error instead, where everything is required
 */
export async function elasticsearchForTests(): Promise<ElasticsearchForTests | undefined> {
  const url = process.env["ELASTICSEARCH_URL"];
  if (url) return { url, adminUrl: url, apiKey: process.env["ELASTICSEARCH_API_KEY"], own: undefined };
  try {
    const own = await startElasticsearch({
      // It lives for a minute: compiling twice would take more of the processor than it saves.
      java: "-XX:TieredStopAtLevel=1",
      settings: {
        "xpack.security.enabled": true,
        "xpack.security.http.ssl.enabled": false,
        "xpack.security.transport.ssl.enabled": false,
      },
      files: {
        "roles.yml": `gallery:
  cluster: [monitor, manage_index_templates]
  indices: [{ names: ["similarfaces*"], privileges: [all] }]
`,
        users: `gallery:${HASH}\nadmin:${HASH}\n`,
        users_roles: "gallery:gallery\nsuperuser:admin\n",
      },
    });
    const as = (user: string) => own.url.replace("://", `://${user}:${PASSWORD}@`);
    return { url: as("gallery"), adminUrl: as("admin"), apiKey: undefined, own };
  } catch (error) {
    if (process.env["SIMILARFACES_REQUIRE_ALL"]) throw error;
    console.error("no Elasticsearch:", error instanceof Error ? error.message : error);
    return undefined;
  }
}

/** Everything that a gallery has made under an alias. */
export async function deleteIndices(admin: Client, alias: string): Promise<void> {
  const found = await admin.indices.get({ index: `${alias}-*`, features: ["aliases"] });
  for (const name of Object.keys(found)) await admin.indices.delete({ index: name });
  await admin.indices.deleteIndexTemplate({ name: alias }, { ignore: [404] });
}

/** How the index behind an alias holds vectors. */
export async function kindOf(admin: Client, alias: string): Promise<string | undefined> {
  const [found] = Object.values(await admin.indices.getMapping({ index: alias }));
  const vector = found?.mappings.properties?.["vector"] as estypes.MappingDenseVectorProperty | undefined;
  return vector?.index_options?.type;
}
