import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROGRAMS, ROOT } from "./programs.js";

const DOCKERFILE = readFileSync(join(ROOT, "Dockerfile"), "utf8");

describe("the Dockerfile", () => {
  it("has the three targets, each from its assembled tree", () => {
    for (const target of ["gateway", "stage", "all"]) {
      expect(DOCKERFILE).toMatch(new RegExp(`^FROM runtime AS ${target}$`, "m"));
      expect(DOCKERFILE).toContain(`COPY --from=${target}-tree /tree /app`);
      expect(DOCKERFILE).toContain(`SBOM_BASE=/ helm/image/assemble.sh ${target} /tree`);
    }
  });

  it("runs as nobody in particular, on Debian trixie, with programs that are there", () => {
    expect(DOCKERFILE).toMatch(/^ARG NODE_IMAGE=node:\d+-trixie-slim$/m);
    const users = [...DOCKERFILE.matchAll(/^USER (.*)$/gm)].map(([, user]) => user);
    expect(users).toEqual(["1000:1000"]);
    for (const [, program] of DOCKERFILE.matchAll(/^CMD \["([^"]+)"\]$/gm))
      expect(PROGRAMS).toContain(program);
  });

  it("takes a Node that the pinned uWebSockets.js has a binary for", () => {
    const major = Number(/^ARG NODE_IMAGE=node:(\d+)-/m.exec(DOCKERFILE)![1]);
    const abi = { 20: 115, 22: 127, 24: 137, 25: 141 }[major];
    const binaries = readdirSync(join(ROOT, "node_modules/uWebSockets.js"));
    for (const arch of ["x64", "arm64"]) expect(binaries).toContain(`uws_linux_${arch}_${abi}.node`);
  });
});
