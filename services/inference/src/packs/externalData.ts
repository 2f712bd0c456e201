import { isAbsolute, normalize } from "node:path";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { PackError } from "./manifest.js";

/**
 * Where tensors stand in the messages of an ONNX file, by field number: graphs lie in nodes' attributes too, in functions and in
 * training information (https://github.com/onnx/onnx/blob/v1.19.0/onnx/onnx.proto).
 */
const FIELDS = {
  model: { 7: "graph", 20: "training", 25: "function" },
  training: { 1: "graph", 2: "graph" },
  function: { 7: "node", 11: "attribute" },
  graph: { 1: "node", 5: "tensor", 15: "sparseTensor" },
  node: { 5: "attribute" },
  attribute: {
    5: "tensor",
    6: "graph",
    10: "tensor",
    11: "graph",
    22: "sparseTensor",
    23: "sparseTensor",
  },
  sparseTensor: { 1: "tensor", 2: "tensor" },
  tensor: { 13: "externalData" },
  externalData: {},
} as const satisfies Record<string, Readonly<Record<number, string>>>;
type Message = keyof typeof FIELDS;

/** Graphs inside graphs, and what lies between: no more than the protobuf library that reads the file allows. */
const DEPTH_MAX = 100;

/**
 * Refuses a graph that keeps weights in other files: the runtime would read whatever they are called, relative to wherever the process
 * was started, and no digest covers them.
 * @throws PackError naming the file and what it refers to
 */
export function refuseExternalData(path: string, graph: Uint8Array): void {
  let locations: string[];
  try {
    locations = locationsIn(graph, "model", DEPTH_MAX);
  } catch (cause) {
    throw new PackError(`${path}: this is no graph that runs here (it is no well-formed ONNX file)`, {
      cause,
    });
  }
  const outside = locations.find((location) => isOutside(location));
  if (outside !== undefined) {
    throw new PackError(`${path}: refers to the file "${outside}" outside its folder`);
  }
  if (locations[0] !== undefined) {
    throw new PackError(
      `${path}: keeps weights in the file "${locations[0]}", which the manifest's field sha256 does not cover; save it as one file`,
    );
  }
}

function isOutside(location: string): boolean {
  return isAbsolute(location) || /^[A-Za-z]:|^\\/.test(location) || normalize(location).startsWith("..");
}

/** The files that the tensors of a message refer to. @throws Error for bytes that are no such message */
function locationsIn(bytes: Uint8Array, message: Message, depth: number): string[] {
  if (depth === 0) throw new Error("messages inside messages without end");
  if (message === "externalData") return locationOf(bytes);
  const inside: Readonly<Record<number, Message>> = FIELDS[message];
  const locations: string[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    const kind = inside[field];
    if (kind && wireType === WireType.LengthDelimited) {
      locations.push(...locationsIn(reader.bytes(), kind, depth - 1));
    } else {
      reader.skip(wireType, field);
    }
  }
  return locations;
}

/** Of a StringStringEntryProto: its value, where its key is `location`; offsets and lengths have entries of their own. */
function locationOf(bytes: Uint8Array): string[] {
  const reader = new BinaryReader(bytes);
  let [key, value] = ["", ""];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited) key = reader.string();
    else if (field === 2 && wireType === WireType.LengthDelimited) value = reader.string();
    else reader.skip(wireType, field);
  }
  return key === "location" ? [value] : [];
}
