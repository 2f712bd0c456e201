import { readFileSync } from "node:fs";
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  ExportedFaceSchema,
  GalleryReceiptSchema,
  IdentityPageSchema,
  MatchesSchema,
  ResultSchema,
  StatisticsSchema,
} from "../src/mod.js";

interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  contentEncoding?: string;
}

const document = parse(readFileSync(new URL("../openapi.yaml", import.meta.url), "utf8")) as {
  paths: object;
  components: { schemas: Record<string, Schema> };
};
const { schemas } = document.components;

/** The messages that the gateway sends as JSON; what they hold is found from them. */
const SENT = [
  ResultSchema,
  IdentityPageSchema,
  GalleryReceiptSchema,
  StatisticsSchema,
  MatchesSchema,
  ExportedFaceSchema,
];

/** A message's schema, where it is called otherwise. */
const SCHEMA_OF: Readonly<Record<string, string>> = { Result: "ResultEvent" };

/** Of the mesh alone: the gateway takes it out, or makes events of it, before anybody sees it. */
const HIDDEN = ["Accepted.owner", "Deleted.owner", "Result.others", "Result.split"];

/** Taken out for all but those who may change the gallery. */
const FOR_SOME = [
  "Identity.consent",
  "GalleryFace.source_job_id",
  "GalleryFace.source",
  "GalleryFace.photo_digest",
];

describe("openapi.yaml", () => {
  for (const message of SENT) {
    it(`describes ${message.name} as the messages do`, () => {
      const name = SCHEMA_OF[message.name] ?? message.name;
      expect(differences(message, schemas[name], name)).toEqual([]);
    });
  }

  it("leaves no value untyped, no object open by silence, and requires nothing that it does not describe", () => {
    const vague: string[] = [];
    visitSchemas(document, "", (schema, at) => {
      const { type, properties, additionalProperties, required = [], items } = schema;
      const kinds = ["$ref", "type", "enum", "const", "allOf", "anyOf", "oneOf"] as const;
      if (!kinds.some((kind) => kind in schema)) vague.push(`${at} has no type`);
      if (type === "object" && !properties && !additionalProperties) vague.push(`${at} is any object`);
      if (type === "array" && !items) vague.push(`${at} is any array`);
      for (const name of required)
        if (!properties?.[name]) vague.push(`${at} requires ${name}, which it does not describe`);
    });
    expect(vague).toEqual([]);
  });
});

/** In words: where a message's JSON, with default values written out, is not what the schema says. */
function differences(
  message: DescMessage,
  given: Schema | undefined,
  at: string,
  around: readonly string[] = [],
): string[] {
  const schema = given && resolved(given);
  if (schema?.type !== "object") return [`${at} is no object, but ${message.typeName} is`];
  const path = [...around, message.typeName];
  const { properties = {}, required = [] } = schema;
  const fields = message.fields.filter(({ name }) => !HIDDEN.includes(`${message.name}.${name}`));
  const unknown = Object.keys(properties).filter((name) => !fields.some(({ jsonName }) => jsonName === name));
  return [
    ...unknown.map((name) => `${at}.${name} is no field of ${message.typeName}`),
    ...fields.flatMap((field) => {
      const where = `${at}.${field.jsonName}`;
      const property = properties[field.jsonName];
      if (!property) return [`${where} is missing`];
      const isRequired = required.includes(field.jsonName);
      const isForSome = FOR_SOME.includes(`${message.name}.${field.name}`);
      return [
        ...(isAlwaysWritten(field) && !isForSome && !isRequired ? [`${where} is always there`] : []),
        ...(isForSome && isRequired ? [`${where} is not for everybody`] : []),
        ...(isOneOfSeveral(field) && isRequired ? [`${where} need not be there`] : []),
        ...kindDifferences(field, property, where, path),
      ];
    }),
  ];
}

/** A message within a message is there when its sender has set it, which a descriptor does not say: either way is right. */
function isAlwaysWritten(field: DescField): boolean {
  return field.fieldKind !== "message" && !isOneOfSeveral(field);
}

function isOneOfSeveral(field: DescField): boolean {
  return field.oneof !== undefined || field.proto.proto3Optional;
}

function kindDifferences(field: DescField, given: Schema, at: string, around: readonly string[]): string[] {
  const schema = resolved(given);
  switch (field.fieldKind) {
    case "message":
      return within(field.message, schema, at, around);
    case "scalar":
      return ofScalar(field.scalar, schema, at);
    case "list":
      if (schema.type !== "array" || !schema.items) return [`${at} is no array`];
      return ofItem(field, schema.items, `${at}[]`, around);
    case "map":
      if (typeof schema.additionalProperties !== "object") return [`${at} is no map`];
      return ofItem(field, schema.additionalProperties, `${at}{}`, around);
    case "enum":
      return schema.enum ? [] : [`${at} is no enumeration`];
  }
}

function ofItem(
  field: DescField & { fieldKind: "list" | "map" },
  item: Schema,
  at: string,
  around: readonly string[],
): string[] {
  if (field.message) return within(field.message, resolved(item), at, around);
  if (field.scalar) return ofScalar(field.scalar, resolved(item), at);
  return resolved(item).enum ? [] : [`${at} is no enumeration`];
}

/** A message may hold itself. */
function within(message: DescMessage, schema: Schema, at: string, around: readonly string[]): string[] {
  return around.includes(message.typeName) ? [] : differences(message, schema, at, around);
}

function ofScalar(scalar: ScalarType, schema: Schema, at: string): string[] {
  const wanted = JSON_KIND[scalar];
  const values = schema.enum ?? (schema.const === undefined ? [] : [schema.const]);
  const isOfKind =
    values.length > 0 ? values.every((value) => kindOf(value, wanted) === wanted) : schema.type === wanted;
  if (!isOfKind) return [`${at} is ${schema.type ?? "unknown"}, not ${wanted}`];
  const isBytes = scalar === ScalarType.BYTES;
  return isBytes === (schema.contentEncoding === "base64") ? [] : [`${at}: only bytes are base64`];
}

/** What JSON Schema calls the type of a value: a whole number is of both kinds. */
function kindOf(value: unknown, wanted: string | undefined): string {
  return wanted === "integer" && Number.isInteger(value) ? "integer" : typeof value;
}

/** By the JSON mapping of Protobuf, https://protobuf.dev/programming-guides/json/; 64-bit integers are strings there. */
const JSON_KIND: Partial<Record<ScalarType, string>> = {
  [ScalarType.DOUBLE]: "number",
  [ScalarType.FLOAT]: "number",
  [ScalarType.INT32]: "integer",
  [ScalarType.UINT32]: "integer",
  [ScalarType.BOOL]: "boolean",
  [ScalarType.STRING]: "string",
  [ScalarType.BYTES]: "string",
  [ScalarType.INT64]: "string",
  [ScalarType.UINT64]: "string",
};

/** A schema with its reference followed and its parts put together. */
function resolved(schema: Schema): Schema {
  if (schema.$ref) return resolved(schemas[schema.$ref.split("/").at(-1)!]!);
  if (!schema.allOf) return schema;
  const parts = schema.allOf.map(resolved);
  return {
    type: "object",
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)) as Record<string, Schema>,
    required: parts.flatMap(({ required = [] }) => required),
  };
}

/** Every schema of the document, those in paths too. */
function visitSchemas(node: unknown, at: string, visit: (schema: Schema, at: string) => void): void {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    const where = `${at}/${key}`;
    if (key === "schema") visitSchema(value as Schema, where, visit);
    else if (key === "schemas") {
      for (const [name, schema] of Object.entries(value as Record<string, Schema>))
        visitSchema(schema, `${where}/${name}`, visit);
    } else visitSchemas(value, where, visit);
  }
}

function visitSchema(schema: Schema, at: string, visit: (schema: Schema, at: string) => void): void {
  visit(schema, at);
  const { properties = {}, items, additionalProperties, allOf = [], anyOf = [], oneOf = [] } = schema;
  for (const [name, property] of Object.entries(properties)) visitSchema(property, `${at}.${name}`, visit);
  if (items) visitSchema(items, `${at}[]`, visit);
  if (typeof additionalProperties === "object") visitSchema(additionalProperties, `${at}{}`, visit);
  for (const part of [...allOf, ...anyOf, ...oneOf]) visitSchema(part, at, visit);
}
