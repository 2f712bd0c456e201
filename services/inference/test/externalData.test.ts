import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "vitest";
import { listPacks } from "../src/mod.js";
import { refuseExternalData } from "../src/packs/externalData.js";

const MODELS = fileURLToPath(new URL("../../../models", import.meta.url));

/** Field numbers of onnx.proto. */
const GRAPH_OF_MODEL = 7;
const FUNCTION_OF_MODEL = 25;
const NODE = 1;
const NODE_OF_FUNCTION = 7;
const INITIALIZER = 5;
const SPARSE_INITIALIZER = 15;
const VALUES = 1;
const ATTRIBUTE = 5;
const TENSOR_OF_ATTRIBUTE = 5;
const SUBGRAPH = 6;
const SUBGRAPHS = 11;

/** Messages in each other, the last field holding `inside`. */
function message(path: readonly number[], inside: Uint8Array): Uint8Array {
  return path.reduceRight(
    (bytes, field) => new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(bytes).finish(),
    inside,
  );
}

/** A TensorProto whose data is elsewhere: external_data (13) with offset and location, data_location (14) EXTERNAL. */
function tensorAt(location: string): Uint8Array {
  const writer = new BinaryWriter();
  for (const [key, value] of [
    ["offset", "16"],
    ["location", location],
  ] as const) {
    const entry = new BinaryWriter().tag(1, WireType.LengthDelimited).string(key);
    entry.tag(2, WireType.LengthDelimited).string(value);
    writer.tag(13, WireType.LengthDelimited).bytes(entry.finish());
  }
  return writer.tag(14, WireType.Varint).uint32(1).finish();
}

const refuse = (graph: Uint8Array) => () => refuseExternalData("own/taste/model.onnx", graph);
const inGraph = (path: readonly number[], location: string) =>
  message([GRAPH_OF_MODEL, ...path], tensorAt(location));

describe("a graph that refers to other files is refused in words", () => {
  it.each([
    "/etc/passwd",
    "../secret.bin",
    "weights/../../secret.bin",
    "..",
    "C:\\secret.bin",
    "\\\\host\\share",
  ])("outside its folder: %s", (location) => {
    expect(refuse(inGraph([INITIALIZER], location))).toThrow(
      `own/taste/model.onnx: refers to the file "${location}" outside its folder`,
    );
  });

  it.each(["weights.bin", "./weights.bin", "data/weights.bin"])("beside it: %s", (location) => {
    expect(refuse(inGraph([INITIALIZER], location))).toThrow(
      `keeps weights in the file "${location}", which the manifest's field sha256 does not cover; save it as one file`,
    );
  });

  it.each([
    ["a constant", [GRAPH_OF_MODEL, NODE, ATTRIBUTE, TENSOR_OF_ATTRIBUTE]],
    ["a sparse tensor", [GRAPH_OF_MODEL, SPARSE_INITIALIZER, VALUES]],
    ["a branch", [GRAPH_OF_MODEL, NODE, ATTRIBUTE, SUBGRAPH, INITIALIZER]],
    ["a branch of a branch", [GRAPH_OF_MODEL, NODE, ATTRIBUTE, SUBGRAPH, NODE, ATTRIBUTE, SUBGRAPHS, INITIALIZER]], // prettier-ignore
    ["a function", [FUNCTION_OF_MODEL, NODE_OF_FUNCTION, ATTRIBUTE, TENSOR_OF_ATTRIBUTE]],
  ])("wherever the tensor stands: %s", (_, path) => {
    expect(refuse(message(path, tensorAt("/etc/passwd")))).toThrow(/outside its folder/);
  });

  it("behind another graph of the same field, which the runtime would merge", () => {
    const two = Buffer.concat([message([GRAPH_OF_MODEL], new Uint8Array()), inGraph([INITIALIZER], "/x")]);
    expect(refuse(two)).toThrow(/outside its folder/);
  });

  it("whose file is cut off, or nests without end", () => {
    const whole = inGraph([INITIALIZER], "/etc/passwd");
    expect(refuse(whole.subarray(0, 20))).toThrow(/this is no graph that runs here/);
    const deep = message([GRAPH_OF_MODEL, ...Array.from({ length: 40 }, () => [NODE, ATTRIBUTE, SUBGRAPH]).flat()], tensorAt("x")); // prettier-ignore
    expect(refuse(deep)).toThrow(/this is no graph that runs here/);
  });
});

it("our own graphs are whole", async () => {
  for (const { folder, variant, present } of await listPacks(MODELS)) {
    if (!present) continue;
    const graph = await readFile(`${folder}/${variant!.file}`);
    expect(() => refuseExternalData(folder, graph)).not.toThrow();
  }
});
