import { StageFailure } from "@similarfaces/contracts";
import type { HttpRequest } from "../http/http.js";

/** @throws StageFailure bad_request unless the body is one JSON object in UTF-8 */
export async function readJsonBody(request: HttpRequest): Promise<Record<string, unknown>> {
  const body = await request.body();
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new StageFailure("bad_request", "The body is no JSON.", { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new StageFailure("bad_request", "The body is no JSON object.");
  }
  return value as Record<string, unknown>;
}

/** A field that must be text. @throws StageFailure bad_request */
export function textField(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  if (typeof value !== "string") throw new StageFailure("bad_request", `${name} is text`);
  return value;
}

/** A number within limits, or the fallback where there is none. @throws StageFailure bad_request */
export function numberField(
  value: unknown,
  name: string,
  { min, max, fallback, whole = true }: { min: number; max: number; fallback?: number; whole?: boolean },
): number {
  if (value === undefined && fallback !== undefined) return fallback;
  const isFit =
    typeof value === "number" && value >= min && value <= max && (!whole || Number.isInteger(value));
  if (!isFit) {
    throw new StageFailure(
      "bad_request",
      `${name} is a ${whole ? "whole " : ""}number from ${min} to ${max}`,
    );
  }
  return value;
}

/** Of JSON or of a form, which has texts alone; false where it is missing. @throws StageFailure bad_request */
export function flagField(value: unknown, name: string): boolean {
  if (value === undefined || value === false || value === "false") return false;
  if (value === true || value === "true") return true;
  throw new StageFailure("bad_request", `${name} is true or false`);
}
