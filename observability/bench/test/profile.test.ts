import { readdirSync } from "node:fs";
import type { Profiler } from "node:inspector";
import { describe, expect, it } from "vitest";
import { PART_NAMES, partOf, type Frame } from "../src/profile/parts.js";
import { spentByRole, ROLES, type ProcessTimes } from "../src/profile/threads.js";
import { profileTable } from "../src/profile/table.js";
import { sampledIn } from "../src/profile/window.js";

const ROOT = new URL("../../../", import.meta.url);
const ours = (path: string): Frame => ({ functionName: "f", url: new URL(path, ROOT).href });
const theirs = (path: string): Frame => ours(`node_modules/${path}`);
const node = (name: string): Frame => ({ functionName: "f", url: `node:${name}` });
const native: Frame = { functionName: "writev", url: "" };

describe("the part that a sample counts for", () => {
  it("is that of the nearest known file below what runs", () => {
    const client = theirs("nats/lib/node_transport.js");
    const relay = ours("gateway/dist/relay/watch.js");
    expect(partOf([native, node("net"), client, relay])).toBe("broker's client");
    expect(partOf([native, relay, client])).toBe("relay");
    expect(partOf([theirs("@bufbuild/protobuf/dist/esm/to-json.js"), relay])).toBe("JSON");
    expect(partOf([theirs("@bufbuild/protobuf/dist/esm/from-binary.js"), relay])).toBe("protobuf");
    expect(partOf([theirs("p-map/index.js"), ours("services/runtime/dist/stage/stage.js")])).toBe(
      "stage loop",
    );
  });

  it("is Node's where nobody of ours called it, and other where an unknown file did", () => {
    expect(partOf([native, node("net")])).toBe("Node: sockets, streams, timers");
    expect(partOf([node("net"), theirs("p-map/index.js")])).toBe("other");
  });

  it("is none of a thread that rests", () => {
    const meta = (functionName: string): Frame[] => [{ functionName, url: "" }];
    expect(partOf(meta("(idle)"))).toBeUndefined();
    expect(partOf(meta("(garbage collector)"))).toBe("garbage collection");
    expect(partOf(meta("(program)"))).toBe("native code outside JavaScript");
  });

  it("is known for every file of the services", () => {
    const folders = [
      "gateway",
      "contracts",
      ...readdirSync(new URL("services/", ROOT)).map((s) => `services/${s}`),
    ];
    const files = folders.flatMap((folder) => {
      try {
        const all = readdirSync(new URL(`${folder}/src/`, ROOT), { recursive: true }) as string[];
        return all
          .filter((name) => name.endsWith(".ts"))
          .map((name) => `${folder}/dist/${name.replace(/ts$/, "js")}`);
      } catch {
        return [];
      }
    });
    expect(files.length).toBeGreaterThan(100);
    // The command line's way to the gateway runs in no process of the mesh.
    const unknown = files.filter(
      (file) => !file.startsWith("services/client/") && partOf([ours(file)]) === "other",
    );
    expect(unknown).toEqual([]);
    expect(new Set(PART_NAMES).size).toBe(PART_NAMES.length);
  });
});

it("samples are cut to the window, and last until the next", () => {
  const frame = (
    id: number,
    { functionName, url }: Frame,
    children: number[] = [],
  ): Profiler.ProfileNode => ({
    id,
    callFrame: { functionName, url, scriptId: "0", lineNumber: 0, columnNumber: 0 },
    children,
  });
  const profile: Profiler.Profile = {
    nodes: [
      frame(1, { functionName: "(root)", url: "" }, [2, 3, 5]),
      frame(2, ours("gateway/dist/relay/watch.js"), [4]),
      frame(3, { functionName: "(idle)", url: "" }),
      frame(4, theirs("@bufbuild/protobuf/dist/esm/create.js")),
      frame(5, { functionName: "turn", url: "file:///elsewhere/mapped.js" }),
    ],
    startTime: 1_000,
    endTime: 1_700,
    samples: [2, 2, 4, 3, 5, 2],
    timeDeltas: [0, 100, 100, 100, 100, 200],
  };
  const { parts, others } = sampledIn(profile, { fromUs: 1_100, toUs: 1_500 });
  expect(Object.fromEntries(parts)).toEqual({ relay: 100, protobuf: 100, other: 200 });
  expect(Object.fromEntries(others)).toEqual({ "turn file:///elsewhere/mapped.js": 200 });
});

it("each thread counts for what it is there for, and those that ended for the rest", () => {
  const times = (user: number, name = "node") => ({ user, system: 0, name });
  const before: ProcessTimes = {
    all: times(10),
    threads: new Map([
      [1, times(4)],
      [2, times(3)],
    ]),
  };
  const after: ProcessTimes = {
    all: times(20),
    threads: new Map([
      [1, times(6)],
      [2, times(6)],
      [3, times(1)],
      [4, times(0.5, "libvips worker")],
      [5, times(0.25, "v8:ProfEvntProc")],
      [6, times(0.25)],
    ]),
  };
  const threads = { workers: [2], pool: [3], platform: [6], profile: {} as Profiler.Profile };
  const { mainSeconds, roles } = spentByRole(1, [before, after], threads);
  expect(mainSeconds).toBe(2);
  expect(Object.fromEntries(roles)).toEqual({
    [ROLES.workers]: 3,
    [ROLES.pool]: 1,
    [ROLES.libvips]: 0.5,
    [ROLES.profiler]: 0.25,
    [ROLES.platform]: 0.25,
    [ROLES.rest]: 3,
  });
});

it("the table sums what it shows, and leaves out what is nothing", () => {
  const table = profileTable({
    photos: { mesh: 10, bare: 8 },
    main: [
      { name: "relay", mesh: 2, bare: 0 },
      { name: "store", mesh: 0, bare: 0 },
    ],
    threads: [{ name: "models", mesh: 30, bare: 29 }],
    broker: { user: 4, system: 3 },
    profiler: { mesh: 5, bare: 2 },
    others: [{ name: "turn mapped.js", mesh: 0.25 }],
  });
  expect(table).toContain("| **main threads** | 2.00 | 0.00 | 2.00 |");
  expect(table).toContain("| **all** | 39.00 | 29.00 | 10.00 |");
  expect(table).toContain("in no sum: 5.00 in the mesh, 2.00 in the bare loop");
  expect(table).not.toContain("store");
  expect(table).toContain("most of other: turn mapped.js 0.25");
});
