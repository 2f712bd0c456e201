import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { cosineOf } from "./fixtures.js";

/** A request as a fault sees it. */
export interface FakeRequest {
  method: string;
  /** Without the query, such as `/similarfaces-gallery/_bulk`. */
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** What happens instead of the answer; undefined lets it be answered. */
export type Fault = (request: FakeRequest, response: ServerResponse) => "handled" | undefined;

export interface FakeElasticsearch {
  readonly url: string;
  readonly port: number;
  readonly requests: FakeRequest[];
  version: string;
  product: string | undefined;
  fault: Fault | undefined;
  /** Answers as the server would have. */
  answer(request: FakeRequest): { status: number; body: unknown };
  reply(response: ServerResponse, status: number, body: unknown): void;
  close(): Promise<void>;
}

/** Of one field, one value or several. */
interface Query {
  term?: object;
  terms?: object;
  bool?: { filter: Query[] };
}

interface Stored {
  source: Record<string, unknown>;
  seqNo: number;
}

/**
 * As much of Elasticsearch as the gallery asks for, in memory, for what a real one does not do on demand. It refuses
 * what a real one refuses: another media type, paths and fields it does not know, a version conflict.
 */
export async function startFakeElasticsearch({
  port = 0,
  tls,
}: { port?: number; tls?: { key: string; cert: string } } = {}): Promise<FakeElasticsearch> {
  const documents = new Map<string, Stored>();
  const aliases = new Set<string>();
  let seqNo = 0;

  const listener = async (message: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const { pathname } = new URL(message.url!, "http://fake");
    const request = {
      method: message.method!,
      path: decodeURIComponent(pathname),
      headers: message.headers,
      body: Buffer.concat(chunks).toString(),
    };
    fake.requests.push(request);
    if (fake.fault?.(request, response) === "handled") return;
    const { status, body } = fake.answer(request);
    fake.reply(response, status, request.method === "HEAD" ? undefined : body);
  };
  const server = tls ? createSecureServer(tls, listener) : createServer(listener);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");

  const fake: FakeElasticsearch = {
    port: (server.address() as AddressInfo).port,
    url: `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    version: "9.4.3",
    product: "Elasticsearch",
    fault: undefined,
    answer,
    reply(response, status, body) {
      response.writeHead(status, {
        ...(fake.product === undefined ? {} : { "X-Elastic-Product": fake.product }),
        "content-type": "application/vnd.elasticsearch+json;compatible-with=9",
      });
      response.end(body === undefined ? "" : JSON.stringify(body));
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return fake;

  function answer({ method, path, headers, body }: FakeRequest): { status: number; body: unknown } {
    const lines = /_bulk|_msearch/.test(path);
    const type = `application/vnd.elasticsearch+${lines ? "x-ndjson" : "json"}; compatible-with=9`;
    if (body !== "" && headers["content-type"] !== type) return refusal(406, "media_type_header_exception");
    const [first = "", second = "", third = ""] = path.slice(1).split("/");
    const parts = lines
      ? body
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as Record<string, any>)
      : [];
    if (first === "_nodes") return ok({ nodes: { one: { version: fake.version } } });
    if (first === "_index_template" && method === "PUT") return ok({ acknowledged: true });
    if (first === "_alias") return { status: aliases.has(second) ? 200 : 404, body: {} };
    if (first === "_cluster" && second === "health") return ok({ status: "green" });
    if (method === "HEAD" && second === "") return { status: 404, body: {} };
    if (method === "GET" && first.endsWith("-*")) return ok({});
    if (method === "PUT" && second === "") {
      for (const name of Object.keys((JSON.parse(body) as { aliases: object }).aliases)) aliases.add(name);
      return ok({ acknowledged: true });
    }
    if (!aliases.has(first)) return refusal(404, "index_not_found_exception");
    switch (second) {
      case "_mapping":
        if (method === "PUT") return ok({ acknowledged: true });
        return ok({
          [`${first}-000001`]: {
            mappings: { properties: { vector: { index_options: { type: "int8_hnsw" } } } },
          },
        });
      case "_refresh":
        return ok({ _shards: { failed: 0 } });
      case "_bulk":
        return ok({ errors: false, items: bulk(parts) });
      case "_mget":
        return ok({ docs: (JSON.parse(body) as { ids: string[] }).ids.map(got) });
      case "_msearch":
        return ok({ responses: [nearest(parts[1]!), counted(parts[3]!["query"])] });
      case "_search":
        return ok(searched(JSON.parse(body) as Record<string, any>));
      case "_count":
        return ok({ count: matching((JSON.parse(body) as { query: Query }).query).length });
      default:
        return refusal(400, `no handler found for uri [${path}] and method [${method}] ${third}`);
    }
  }

  function bulk(lines: Record<string, any>[]): unknown[] {
    const items: unknown[] = [];
    for (let i = 0; i < lines.length;) {
      const [[action, meta] = []] = Object.entries(lines[i++]!);
      const source = action === "delete" ? undefined : lines[i++];
      const there = documents.get(meta._id);
      const conflict =
        (action === "create" && there) || (meta.if_seq_no !== undefined && meta.if_seq_no !== there?.seqNo);
      if (conflict) {
        items.push({ [action!]: { status: 409, error: { type: "version_conflict_engine_exception" } } });
      } else {
        if (source) documents.set(meta._id, { source, seqNo: seqNo++ });
        else documents.delete(meta._id);
        items.push({ [action!]: { status: 200 } });
      }
    }
    return items;
  }

  function got(_id: string): unknown {
    const there = documents.get(_id);
    if (!there) return { _id, found: false };
    return { _id, found: true, _source: there.source, _seq_no: there.seqNo, _primary_term: 1 };
  }

  function matching({ bool, ...query }: Query): Record<string, any>[] {
    if (!bool) return matchingOne(query);
    return bool.filter.map(matchingOne).reduce((all, some) => all.filter((one) => some.includes(one)));
  }

  function matchingOne({ term, terms }: Query): Record<string, any>[] {
    const [[field, value] = []] = Object.entries(terms ?? term ?? {});
    const values: unknown[] = terms ? (value as unknown[]) : [value];
    return [...documents.values()]
      .map(({ source }) => source)
      .filter((source) => values.includes(source[field!]));
  }

  /** A count by aggregation, whoever has a name, or the identities that list one of some faces. */
  function searched({ query, aggregations }: Record<string, any>): unknown {
    if (!aggregations && query.bool)
      return { hits: { hits: matching(query as Query).map((_source) => ({ _source })) } };
    if (!aggregations) return { hits: { hits: listing(query) } };
    const found = matching(query as Query);
    const { field, exclude } = aggregations.notSearched.terms as { field: string; exclude: string[] };
    const counts = new Map<string, number>();
    for (const { [field]: key } of found) {
      if (!exclude.includes(key)) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const buckets = [...counts].map(([key, doc_count]) => ({ key, doc_count }));
    return { hits: { total: { value: found.length }, hits: [] }, aggregations: { notSearched: { buckets } } };
  }

  /** The identities that list one of some faces. */
  function listing({ term, terms }: Record<string, any>): unknown[] {
    const faceIds: string[] = terms ? terms.face_ids : [term.face_ids];
    return [...documents.values()]
      .filter(({ source }) =>
        faceIds.some((id) => (source["face_ids"] as string[] | undefined)?.includes(id)),
      )
      .map(({ source }) => ({ _source: source }));
  }

  function nearest({ size, knn }: Record<string, any>): unknown {
    const asked = Float32Array.from(knn.query_vector as number[]);
    const [ofModels] = knn.filter.bool.filter;
    const hits = matching(ofModels as Query)
      .map(({ identity_id, face_id, vector }) => ({
        fields: { identity_id: [identity_id], face_id: [face_id] },
        _score: (1 + cosineOf(asked, Float32Array.from(vector as number[]))) / 2,
      }))
      .sort((a, b) => b._score - a._score)
      .slice(0, size);
    return { status: 200, hits: { hits } };
  }

  function counted(query: Query): unknown {
    return { status: 200, hits: { total: { value: matching(query).length }, hits: [] } };
  }
}

function ok(body: unknown) {
  return { status: 200, body };
}

export function refusal(status: number, type: string, reason = type) {
  return { status, body: { status, error: { type, reason, root_cause: [{ type, reason }] } } };
}
