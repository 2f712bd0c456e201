import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUILT, PROGRAMS, ROOT } from "./programs.js";
import { freePort, startNatsServer, type NatsServer } from "../../services/runtime/test/natsServer.js";

const ASSEMBLE = join(ROOT, "helm/image/assemble.sh");
const DOCKERFILE = readFileSync(join(ROOT, "Dockerfile"), "utf8");
/** As in the image: nobody who owns a file of it, where this test may change who it is. */
const SOMEBODY = process.getuid?.() === 0 ? { uid: 1000, gid: 1000 } : {};
const STAGES: Readonly<Record<string, { program: string; env?: Record<string, string> }>> = {
  provision: { program: "services/provision/dist/main.js" },
  extract: { program: "services/extract/dist/main.js" },
  embed: { program: "services/embed/dist/main.js" },
  age: { program: "services/analyze/dist/main.js", env: { ANALYZER: "age" } },
  gender: { program: "services/analyze/dist/main.js", env: { ANALYZER: "gender" } },
  race: { program: "services/analyze/dist/main.js", env: { ANALYZER: "race" } },
  emotion: { program: "services/analyze/dist/main.js", env: { ANALYZER: "emotion" } },
  mask: { program: "services/analyze/dist/main.js", env: { ANALYZER: "mask", ANALYZER_PACKS: "extra" } },
  match: { program: "services/gallery/dist/main.js" },
};

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "similarfaces-image-"));
  chmodSync(dir, 0o755);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.skipIf(!BUILT)("the tree of the image that has everything (needs npm run build)", () => {
  let tree: string;
  let nats: NatsServer;
  const running: ChildProcess[] = [];
  beforeAll(async () => {
    tree = assemble("all");
    nats = await startNatsServer();
  }, 180_000);
  afterAll(async () => {
    await Promise.all(running.map((child) => ended(child, "SIGKILL")));
    await nats?.stop();
  });

  it("analyses a photo, run by somebody who may write nothing in it, and stops when told", async () => {
    const shared = {
      NATS_URL: nats.url,
      LOG_LEVEL: "error",
      INFERENCE_WORKERS: "1",
      NODE_ENV: "production",
      // Nobody takes these traces; what sends them must be there.
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
    };
    const healthPorts: number[] = [];
    for (const { program, env } of Object.values(STAGES)) {
      const port = await freePort();
      healthPorts.push(port);
      run(program, { ...shared, ...env, HEALTH_HOST: "127.0.0.1", HEALTH_PORT: String(port) });
    }
    const port = await freePort();
    run("gateway/dist/main.js", { ...shared, HOST: "127.0.0.1", PORT: String(port) });
    for (const ready of [...healthPorts, port]) await untilReady(ready);

    const health = spawnSync(process.execPath, ["health.mjs"], { cwd: tree, env: { PORT: String(port) } });
    expect(health.status).toBe(0);
    // The chart's own test.
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, "helm/files/submitPhoto.mjs")],
      {
        cwd: tree,
        encoding: "utf8",
        env: {
          GATEWAY_URL: `http://127.0.0.1:${port}`,
          PHOTO: "models/samples/photos/portrait-1.jpg",
          WAIT_SECONDS: "50",
        },
      },
    );
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^extract, .*match.* answered in \d+ ms\n$/);
    expect(status).toBe(0);

    const codes = await Promise.all(running.map((child) => ended(child, "SIGTERM")));
    expect(codes).toEqual(running.map(() => 0));
  }, 120_000);

  function run(program: string, env: Record<string, string>): void {
    const child = spawn(process.execPath, [program], { cwd: tree, env, stdio: "inherit", ...SOMEBODY });
    process.once("exit", () => child.kill("SIGKILL"));
    running.push(child);
  }

  async function untilReady(port: number): Promise<void> {
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${port}/readyz`).then(
            ({ status }) => status,
            () => 0,
          ),
        {
          timeout: 60_000,
          interval: 100,
        },
      )
      .toBe(200);
  }
});

describe.skipIf(!BUILT).each(["gateway", "stage"])(
  "the tree of the %s image (needs npm run build)",
  (target) => {
    let files: string[];
    let tree: string;
    beforeAll(() => {
      tree = assemble(target);
      files = filesUnder(tree).map((file) => relative(tree, file));
    }, 180_000);

    it("has binaries for its own platform only", () => {
      const binaries = files.filter((file) => /\.(node|so|dylib|dll|exe)(\.\d+)*$/.test(file));
      expect(binaries.length).toBeGreaterThan(0);
      const other = process.arch === "x64" ? "arm64" : "x64";
      const foreign = new RegExp(`darwin|win32|windows|musl|${other}|\\.(dylib|dll|exe)$`);
      expect(binaries.filter((file) => foreign.test(file))).toEqual([]);
    });

    it("has nothing that builds or tests", () => {
      const tools = [
        "typescript",
        "vite",
        "vitest",
        "prettier",
        "oxlint",
        "playwright-core",
        "@bufbuild/buf",
      ];
      expect(tools.filter((tool) => existsSync(join(tree, "node_modules", tool)))).toEqual([]);
      expect(files.filter((file) => /\.(d\.ts|map|tsbuildinfo)$|(^|\/)src\/[^/]*\.ts$/.test(file))).toEqual(
        [],
      );
    });

    it("names everything in it, and all that it needs by the lock file, in its bill of materials", () => {
      const bill = readFileSync(join(tree, "sbom.cdx.json"), "utf8");
      expect(readFileSync(`${tree}.cdx.json`, "utf8")).toBe(bill);
      const { components } = parseBill(bill);
      const named = new Set(components.map(({ name, version }) => `${name}@${version}`));
      const lies = files
        .filter((file) => /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(file))
        .map(
          (file) => JSON.parse(readFileSync(join(tree, file), "utf8")) as { name: string; version: string },
        );
      expect(lies.length).toBeGreaterThan(50);
      expect(lies.map(({ name, version }) => `${name}@${version}`).filter((id) => !named.has(id))).toEqual(
        [],
      );
      const roots =
        target === "gateway"
          ? ["gateway", "ui"]
          : files.flatMap((file) => /^services\/[^/]+(?=\/dist\/)/.exec(file) ?? []);
      const needed = neededBy([...new Set(roots)]);
      expect(needed).toEqual(
        expect.arrayContaining(target === "gateway" ? ["solid-js@1.9.19"] : ["sharp@0.35.5"]),
      );
      expect(needed.filter((id) => !named.has(id))).toEqual([]);
      const graphs = components.filter(({ type }) => type === "machine-learning-model");
      expect(graphs.length).toBe(files.filter((file) => file.endsWith(".onnx")).length);
    });

    it("has what it runs, and no more of our own", () => {
      const own = readdirSync(join(tree, "node_modules/@similarfaces")).sort();
      const stages = [
        "analyze",
        "contracts",
        "embed",
        "extract",
        "gallery",
        "inference",
        "provision",
        "runtime",
        "vision",
      ];
      expect(own).toEqual(target === "stage" ? stages : ["contracts", "gateway", "runtime"]);
      expect(files.some((file) => file.endsWith(".onnx"))).toBe(target === "stage");
      expect(
        files.filter((file) => file.startsWith("models/compact/") && file.endsWith("manifest.json")).length,
      ).toBe(6);
    });
  },
);

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

interface Component {
  type: string;
  name: string;
  version: string;
}

/** @throws Error unless it is CycloneDX 1.6 by its own schema */
function parseBill(text: string): { components: Component[] } {
  const schema = (name: string) =>
    JSON.parse(
      readFileSync(
        join(ROOT, `node_modules/@cyclonedx/cyclonedx-library/res/schema/${name}.SNAPSHOT.schema.json`),
        "utf8",
      ),
    ) as object;
  // Formats are addresses and times: none of ours comes from outside.
  const ajv = new Ajv({ strict: false, validateFormats: false });
  for (const name of ["spdx", "jsf-0.82", "cryptography-defs"]) {
    ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const bill = JSON.parse(text) as { components: Component[] };
  const isValid = ajv.validate(schema("bom-1.6"), bill);
  if (!isValid) throw new Error(ajv.errorsText());
  return bill;
}

interface Locked {
  name?: string;
  version: string;
  link?: boolean;
  resolved?: string;
  dependencies?: Record<string, string>;
}

/** "name@version" of every package that these workspaces need by the lock file, of whatever depth; optional ones left out. */
function neededBy(workspaces: readonly string[]): string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, Locked>;
  };
  const paths = new Set(workspaces);
  for (const path of paths) {
    for (const name of Object.keys(packages[path]!.dependencies ?? {})) {
      let folder = path;
      while (folder !== "" && !packages[`${folder}/node_modules/${name}`])
        folder = dirname(folder) === "." ? "" : dirname(folder);
      const place = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
      const found = packages[place]!;
      paths.add(found.link ? found.resolved! : place);
    }
  }
  return [...paths]
    .filter((path) => path.includes("node_modules/"))
    .map(
      (path) => `${packages[path]!.name ?? path.split("node_modules/").at(-1)}@${packages[path]!.version}`,
    );
}

function assemble(target: string): string {
  const tree = join(dir, target);
  execFileSync(ASSEMBLE, [target, tree], { stdio: ["ignore", "ignore", "inherit"] });
  return tree;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) return [];
    return entry.isDirectory() ? filesUnder(path) : statSync(path).isFile() ? [path] : [];
  });
}

/** Its exit code. */
function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode);
    child.once("exit", (code) => resolve(code));
    child.kill(signal);
  });
}
