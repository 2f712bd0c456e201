import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv2020, type AnySchemaObject } from "ajv/dist/2020.js";
import { parse } from "yaml";

/** The replies of openapi.yaml, by which real ones are judged. */
const file = createRequire(import.meta.url).resolve("@similarfaces/contracts/openapi.yaml");
const document = parse(readFileSync(file, "utf8")) as {
  paths: Record<string, Record<string, { responses?: Record<string, Described> }>>;
  components: { schemas: Record<string, AnySchemaObject>; responses: Record<string, Described> };
};
interface Described {
  $ref?: string;
  content?: Record<string, { schema: AnySchemaObject }>;
}

/** Every operation, with the addresses that are its. */
export const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, { responses }]) => {
    const pattern = new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/.]+")}$`);
    return responses ? [{ name: `${method.toUpperCase()} ${path}`, pattern, responses }] : [];
  }),
);
for (const schema of Object.values(document.components.schemas)) closeWithin(schema);
const ajv = new Ajv2020({ strict: false, allErrors: true }).addSchema(document, "openapi.yaml");

/** Whatever is no part of another schema knows all of its properties. */
function closeWithin(schema: AnySchemaObject): void {
  const { properties = {}, items, allOf = [], anyOf = [], oneOf = [] } = schema;
  for (const site of [
    ...Object.values<AnySchemaObject>(properties),
    ...(items ? [items as AnySchemaObject] : []),
  ]) {
    closeWithin(site);
    site["unevaluatedProperties"] = false;
  }
  for (const part of [...allOf, ...anyOf, ...oneOf] as AnySchemaObject[]) closeWithin(part);
}

/** What is wrong with `value`, by a schema of this name. */
export function problems(name: string, value: unknown): string[] {
  return problemsOf({ $ref: `#/components/schemas/${name}` }, value);
}

export function problemsOf(schema: AnySchemaObject, value: unknown): string[] {
  const within = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi.yaml#/')) as AnySchemaObject;
  const validate = ajv.compile({ ...within, unevaluatedProperties: false });
  validate(value);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

export function operationOf(method: string, path: string): (typeof operations)[number] {
  const [address] = path.split("?");
  const found = operations.find(
    ({ name, pattern }) => name.startsWith(`${method} `) && pattern.test(address!),
  );
  if (!found) throw new Error(`${method} ${path} is not described`);
  return found;
}

/** Of a reply with a body of this type; undefined where no such thing is described. */
export function schemaOf(reply: Described | undefined, type: string): AnySchemaObject | undefined {
  const described = reply?.$ref ? document.components.responses[reply.$ref.split("/").at(-1)!] : reply;
  return described?.content?.[type]?.schema;
}
