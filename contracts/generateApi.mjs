// Types of the public API from openapi.yaml, into src/gen/api.ts. Part of the build: run after `buf generate`.
import { mkdir, writeFile } from "node:fs/promises";
import openapiTS, { COMMENT_HEADER, astToString } from "openapi-typescript";
// TypeScript 5, this folder's own: openapi-typescript builds its output with the compiler's API, which 7 has not.
import ts from "typescript";

/** What the messages describe as well: its type is that of src/job.ts, which follows the messages. A test holds openapi.yaml to them. */
const OF_MESSAGES = new Map([
  ["Announcement", "AnnouncementJson"],
  ["JobView", "JobView"],
  ["ResultEvent", "ResultEvent"],
]);
const PHOTO = "#/components/schemas/Photo";

const folder = new URL("./", import.meta.url);
const ast = await openapiTS(new URL("openapi.yaml", folder), {
  alphabetize: false,
  // A default fills in what a request leaves out; it does not make the field required.
  defaultNonNullable: false,
  rootTypes: true,
  rootTypesNoSchemaPrefix: true,
  transform(_, { path }) {
    if (path === PHOTO) return bytes();
    const name = OF_MESSAGES.get(path?.match(/^#\/components\/schemas\/(\w+)$/)?.[1]);
    return name === undefined ? undefined : importedType("../job.js", name);
  },
});
await mkdir(new URL("src/gen/", folder), { recursive: true });
await writeFile(new URL("src/gen/api.ts", folder), `${COMMENT_HEADER}\n${astToString(ast)}`);

/** Uint8Array<ArrayBuffer> | Blob: what `fetch` takes as a body. */
function bytes() {
  const { factory } = ts;
  const buffer = factory.createTypeReferenceNode("ArrayBuffer");
  return factory.createUnionTypeNode([
    factory.createTypeReferenceNode("Uint8Array", [buffer]),
    factory.createTypeReferenceNode("Blob"),
  ]);
}

function importedType(module, name) {
  const { factory } = ts;
  const from = factory.createLiteralTypeNode(factory.createStringLiteral(module));
  return factory.createImportTypeNode(from, undefined, factory.createIdentifier(name));
}
