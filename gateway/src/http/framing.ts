import { StageFailure } from "@similarfaces/contracts";

/** Names in lower case, as often as they came. */
export type HeaderFields = readonly (readonly [name: string, value: string])[];

/** What one build of uWS takes beside the request line; more is for nobody who means well. */
export const HEADERS_MAX = 48;

/**
 * A request whose end two servers might see in two places, so that what one takes for its body is another request to the other
 * (RFC 9112, 11.2): nothing that comes after it on its connection may be run. Undefined where there is no doubt.
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

/** Bytes that a request says its body has; undefined where it comes in chunks. Of a request without a framing fault. */
export function announcedBytes(fields: HeaderFields): number | undefined {
  if (valuesOf(fields, "transfer-encoding").length > 0) return undefined;
  return Number(valuesOf(fields, "content-length")[0] ?? 0);
}

/** By name; what came more than once is one list (RFC 9110, 5.3). */
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
