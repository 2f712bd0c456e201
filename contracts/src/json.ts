import { fromJson, toJson, type JsonValue } from "@bufbuild/protobuf";
import { ResultSchema, type Result } from "./gen/similarfaces/v2/result_pb.js";
import { AnnouncementSchema, type Announcement } from "./gen/similarfaces/v2/analyzer_pb.js";
import type { AnnouncementJson, ResultEvent } from "./shapes.js";

/** The results that a message holds, one per face: none where it says that its group was split. */
export function resultsOf(result: Result): Result[] {
  return result.outcome.case === "split" ? [] : [result, ...result.others];
}

/** The JSON of one result as the gateway sends it, without the others of its message: the Protobuf mapping with default values written out. */
export function resultToJson(result: Result): ResultEvent {
  const json = toJson(ResultSchema, result.others.length > 0 ? { ...result, others: [] } : result, {
    alwaysEmitImplicit: true,
  }) as unknown as ResultEvent & { others?: [] };
  delete json.others;
  // The id of a key stays inside: guests read results too.
  for (const about of [json.accepted, json.deleted]) delete (about as { owner?: string } | undefined)?.owner;
  return json;
}

/** The id of the key that a job belongs to, from its `accepted` or `deleted`; undefined for other results, and where jobs have no owner. */
export function ownerOf({ stage, outcome }: Result): string | undefined {
  if (outcome.case !== "accepted" && outcome.case !== "deleted") return undefined;
  // A stage may publish results of its own name only, so it cannot set the owner of a job.
  if (stage !== outcome.case) return undefined;
  return outcome.value.owner || undefined;
}

/** Throws on JSON that is not a result. */
export function resultFromJson(json: unknown): Result {
  return fromJson(ResultSchema, json as JsonValue, { ignoreUnknownFields: true });
}

/** An announcement as it stands in its bucket. */
export function announcementToJson(announcement: Announcement): AnnouncementJson {
  return toJson(AnnouncementSchema, announcement, {
    alwaysEmitImplicit: true,
  }) as unknown as AnnouncementJson;
}

/** Throws on JSON that is no announcement; what it does not know, a later version's, it passes over. */
export function announcementFromJson(json: unknown): Announcement {
  return fromJson(AnnouncementSchema, json as JsonValue, { ignoreUnknownFields: true });
}
