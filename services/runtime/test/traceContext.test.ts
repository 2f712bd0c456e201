import { expect, it } from "vitest";
import { formatTraceparent, newTraceContext, parseTraceparent } from "../src/mod.js";

// The example of https://www.w3.org/TR/trace-context/#examples-of-http-traceparent-headers
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

it("reads what the standard's own example says", () => {
  const context = parseTraceparent(`00-${TRACE}-${SPAN}-01`, "rojo=00f067aa0ba902b7");
  expect(context).toEqual({ traceId: TRACE, spanId: SPAN, sampled: true, state: "rojo=00f067aa0ba902b7" });
  expect(formatTraceparent(context!)).toBe(`00-${TRACE}-${SPAN}-01`);
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-00`)?.sampled).toBe(false);
});

it("knows flags and fields of later versions only as far as they matter", () => {
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-03`)?.sampled).toBe(true);
  expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`)?.traceId).toBe(TRACE);
});

it.each([
  undefined,
  "",
  "nonsense",
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${"0".repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01-more`,
  `00-${TRACE}-${SPAN}`,
])("takes %s for no trace", (traceparent) => {
  expect(parseTraceparent(traceparent)).toBeUndefined();
});

it("drops a tracestate that is too long or no text", () => {
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`, "x".repeat(513))?.state).toBeUndefined();
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`, "a=\r\nb")?.state).toBeUndefined();
});

it("begins traces that are valid, unlike one another and not recorded", () => {
  const [one, other] = [newTraceContext(), newTraceContext()];
  expect(parseTraceparent(formatTraceparent(one))).toEqual(one);
  expect(one.sampled).toBe(false);
  expect(one.traceId).not.toBe(other.traceId);
});
