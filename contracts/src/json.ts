import { fromJson, toJson, type JsonValue } from "@bufbuild/protobuf";
import { ResultSchema, type Result } from "./gen/similarfaces/v1/result_pb.js";
import type { ResultEvent } from "./job.js";

/** The JSON of a result as the gateway sends it: the Protobuf mapping with default values written out. */
export function resultToJson(result: Result): ResultEvent {
  return toJson(ResultSchema, result, { alwaysEmitImplicit: true }) as unknown as ResultEvent;
}

/** Throws on JSON that is not a result. */
export function resultFromJson(json: unknown): Result {
  return fromJson(ResultSchema, json as JsonValue, { ignoreUnknownFields: true });
}
