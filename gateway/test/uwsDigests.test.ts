import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compareBinaries, gitDigest, upstreamDigests } from "../src/http/uwsDigests.js";

it("a file's digest is the one that git gives it", () => {
  const bytes = Buffer.from("a binary \0 with anything");
  const git = execFileSync("git", ["hash-object", "--stdin"], { input: bytes, encoding: "utf8" });
  expect(gitDigest(bytes)).toBe(git.trim());
});

it("binaries are upstream's, changed, or not known to it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "similarfaces-uws-"));
  const tree = ["a", "b"].map((name) => ({ path: `uws_${name}.node`, sha: gitDigest(Buffer.from(name)) }));
  const server = createServer(({ url }, response) => {
    response.writeHead(url === "/v1.2.3" ? 200 : 404).end(JSON.stringify({ tree }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    for (const [file, text] of [
      ["uws_a.node", "a"],
      ["uws_b.node", "changed"],
      ["uws_c.node", "c"],
      ["uws.js", "x"],
    ] as const) {
      await writeFile(join(folder, file), text);
    }
    expect(await compareBinaries(folder, await upstreamDigests("1.2.3", address))).toEqual([
      { file: "uws_a.node", outcome: "same" },
      { file: "uws_b.node", outcome: "differs" },
      { file: "uws_c.node", outcome: "not upstream's" },
    ]);
    await expect(upstreamDigests("0.0.0", address)).rejects.toThrow("404");
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
});
