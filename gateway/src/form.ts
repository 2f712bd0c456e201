import { Busboy } from "@fastify/busboy";
import { StageFailure } from "@similarfaces/contracts";

export interface FormFile {
  /** Of the form's field. */
  field: string;
  /** As the client calls it; never used as a path. */
  name: string;
  bytes: Uint8Array;
}

export interface Form {
  fields: ReadonlyMap<string, string>;
  files: readonly FormFile[];
}

const LIMITS = { fields: 32, fieldSize: 64 * 1024, files: 40, parts: 80, headerPairs: 100 };

export function isForm(contentType: string | undefined): contentType is string {
  return contentType?.toLowerCase().startsWith("multipart/form-data") ?? false;
}

/** @throws StageFailure bad_request where the body is no form, or more than this takes: nothing of it is left out in silence */
export function readForm(body: Uint8Array, contentType: string): Promise<Form> {
  return new Promise((resolve, reject) => {
    const refuse = (cause?: unknown) =>
      reject(new StageFailure("bad_request", "The body is no complete multipart/form-data.", { cause }));
    const tooMuch = () =>
      reject(
        new StageFailure(
          "bad_request",
          `A form has at most ${LIMITS.files} files and ${LIMITS.fields} fields of ${LIMITS.fieldSize / 1024} KiB.`,
        ),
      );
    try {
      const fields = new Map<string, string>();
      const files: FormFile[] = [];
      const parser = new Busboy({ headers: { "content-type": contentType }, limits: LIMITS });
      parser.on("filesLimit", tooMuch);
      parser.on("fieldsLimit", tooMuch);
      parser.on("partsLimit", tooMuch);
      parser.on("field", (name, value, nameIsCut, valueIsCut) => {
        if (nameIsCut || valueIsCut) tooMuch();
        else fields.set(name, value);
      });
      parser.on("file", (field, stream, name) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => void chunks.push(chunk));
        stream.on("error", refuse);
        stream.on("end", () => void files.push({ field, name: name ?? "", bytes: Buffer.concat(chunks) }));
      });
      parser.on("error", refuse);
      parser.on("finish", () => resolve({ fields, files }));
      parser.end(body);
    } catch (cause) {
      refuse(cause);
    }
  });
}
