import { StageFailure } from "@similarfaces/contracts";

/** Names in lower case, as often as they came. */
export type HeaderFields = readonly (readonly [name: string, value: string])[];

/** One build of uWS takes no more beside the request line, and no client needs more. */
const HEADERS_MAX = 48;

/**
 * What is wrong with a request whose end two servers may find in different places, so that its body is a request of its own to one of them
 * (RFC 9112, 11.2): nothing that follows it on its connection may be run. Undefined where its end is clear.
 */
export function framingFault(fields: HeaderFields): StageFailure | undefined {
  const lengths = valuesOf(fields, "content-length");
  const codings = valuesOf(fields, "transfer-encoding");
  if (valuesOf(fields, "host").length > 1) return fault("There is more than one Host.");
  if (lengths.some((length) => !/^\d{1,15}$/.test(length) || length !== lengths[0]))
    return fault("Content-Length is one whole number.");
  if (codings.length === 0) return undefined;
  if (codings.length > 1 || codings[0]!.toLowerCase() !== "chunked")
    return fault("The only Transfer-Encoding that is taken is chunked.");
  return lengths.length > 0 ? fault("A body has a Content-Length or comes in chunks, not both.") : undefined;
}

/** The body's length by its header; undefined where it comes in chunks. Only for a request without a framing fault. */
export function announcedBytes(fields: HeaderFields): number | undefined {
  if (valuesOf(fields, "transfer-encoding").length > 0) return undefined;
  return Number(valuesOf(fields, "content-length")[0] ?? 0);
}

/** By name; fields that came more than once are joined to a list (RFC 9110, 5.3). */
export function headersByName(fields: HeaderFields): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of fields) {
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** @throws StageFailure too_many_headers, or bad_request for an upgrade that brings a body */
export function checkHead(fields: HeaderFields, isUpgrade: boolean): void {
  if (fields.length > HEADERS_MAX) throw new StageFailure("too_many_headers");
  if (isUpgrade && announcedBytes(fields) !== 0) throw fault("An upgrade has no body.");
}

function valuesOf(fields: HeaderFields, name: string): string[] {
  return fields.filter(([key]) => key === name).map(([, value]) => value.trim());
}

function fault(message: string): StageFailure {
  return new StageFailure("bad_request", message);
}
