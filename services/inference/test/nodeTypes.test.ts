import { describe, expect, it } from "vitest";
import { modelServerOf } from "../src/service/inferenceSettings.js";
import { NODE_TYPES, inFlightMax } from "../src/service/nodeTypes.js";

describe("the table of node types", () => {
  it.each(Object.entries(NODE_TYPES))("%s can fill its batches", (_name, type) => {
    expect(type.batchSizeMax).toBeGreaterThanOrEqual(1);
    expect(type.concurrency.face).toBeGreaterThanOrEqual(type.batchSizeMax);
    // Waiting for a second chip only pays where it can join the first.
    expect(type.batchWaitMs > 0).toBe(type.batchSizeMax > 1);
  });

  it("asks for an accelerator exactly where a model server runs the graphs", () => {
    for (const { inferenceDriver, resources } of Object.values(NODE_TYPES)) {
      expect(Object.keys(resources.accelerators).length > 0).toBe(inferenceDriver === "oip");
    }
  });

  it("bounds what a replica holds by its lanes", () => {
    expect(inFlightMax(NODE_TYPES.cpu, "embed")).toBe(2);
    expect(inFlightMax(NODE_TYPES.cpu, "embed", 4)).toBe(8);
    expect(inFlightMax(NODE_TYPES.inf2, "age")).toBe(32);
    expect(inFlightMax(NODE_TYPES.inf2, "extract")).toBe(4);
  });

  it("names the model server where there is one, and asks for its address", () => {
    expect(modelServerOf({ nodeType: "cpu", oipUrl: undefined })).toBeUndefined();
    expect(modelServerOf({ nodeType: "inf1", oipUrl: "http://127.0.0.1:8000" })).toEqual({
      url: "http://127.0.0.1:8000",
      batchSizeMax: 4,
      batchWaitMs: 4,
    });
    expect(() => modelServerOf({ nodeType: "inf2", oipUrl: undefined })).toThrow(/OIP_URL is required/);
  });
});
