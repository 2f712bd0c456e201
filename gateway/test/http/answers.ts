import type { Answer } from "./wire.js";

/** "408 body_too_slow", of an answer that says what failed. */
export function codeOf(answer: Answer | undefined): string {
  const { failure } = JSON.parse(answer?.body ?? "{}") as { failure?: { code: string } };
  return `${answer?.status} ${failure?.code}`;
}

export function headersOf(count: number): string {
  return Array.from({ length: count }, (_, i) => `X-${i}: y\r\n`).join("");
}
