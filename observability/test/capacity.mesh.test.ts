import { CHIP_SIDE, chipBytes } from "@similarfaces/contracts";
import { expect, it } from "vitest";
import { startTestMesh } from "../../services/mesh/test/mesh.js";
import { measureCosts } from "../load/src/capacity/measure.js";
import { PHOTOS } from "./observedMesh.js";

it("what a photo costs is measured on a mesh of processes, and on no other", async () => {
  const mesh = await startTestMesh({ processes: true });
  try {
    const state = mesh.state();
    const options = {
      run: { ...state, url: mesh.url },
      mix: "portrait-1.jpg:1,group-4.jpg:1",
      photosFolder: PHOTOS,
      durationMs: 3_000,
      photosAlone: 2,
      streamMs: 500,
    };
    const costs = await measureCosts(options);
    const answering = ["extract", "embed", "match", "age", "gender", "race", "emotion"];
    expect(Object.keys(costs.stages).sort()).toEqual(answering.sort());
    for (const [stage, { cpuMs, computeMs }] of Object.entries(costs.stages)) {
      expect(cpuMs, stage).toBeGreaterThan(0);
      expect(computeMs, stage).toBeGreaterThanOrEqual(0);
    }
    expect(costs.facesPerPhoto).toBe(2.5);
    expect(costs.squaredFacesPerPhoto).toBe(8.5);
    expect(costs.messages.image.perPhoto).toBe(1);
    // One face is a group, and so are four: a message with all their chips each.
    expect(costs.messages.face.perPhoto).toBe(1);
    expect(costs.messages.face.bytesEach).toBeGreaterThan(costs.facesPerPhoto * chipBytes(CHIP_SIDE));
    // Accepted, extract, and six answers per group.
    expect(costs.messages.result.perPhoto).toBe(2 + 6);
    expect(costs.stages["age"]!.computeMs).toBeGreaterThan(0);
    expect(costs.streamPerSecond.results).toBeGreaterThan(0);
    const { extract: _, ...others } = state.children;
    await expect(measureCosts({ ...options, run: { ...options.run, children: others } })).rejects.toThrow(
      /no processes of their own: extract/,
    );
  } finally {
    await mesh.stop();
  }
}, 120_000);
