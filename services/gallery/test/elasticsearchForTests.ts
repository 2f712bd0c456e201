import { startElasticsearch, type ElasticsearchServer } from "@similarfaces/load";

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
