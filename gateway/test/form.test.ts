import { StageFailure } from "@similarfaces/contracts";
import { describe, expect, it } from "vitest";
import { readForm } from "../src/requests/form.js";

const TYPE = "multipart/form-data; boundary=X";
/** Begins as a JPEG does, and holds what looks like a boundary to who does not read on. */
const JPEG = Buffer.concat([
  Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16]),
  Buffer.from("\r\n--XY\r\n--\r\n\r\n-"),
]);
const PHOTO = 'Content-Disposition: form-data; name="photo"; filename="a.jpg"';

const bytes = (...parts: (string | Uint8Array)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
const formOf = (head: string, content: string | Uint8Array = JPEG) =>
  bytes(`--X\r\n${head}\r\n\r\n`, content, "\r\n--X--\r\n");
const refused = (body: Uint8Array, type = TYPE) => {
  try {
    readForm(body, type);
  } catch (error) {
    return error instanceof StageFailure ? error.code : String(error);
  }
  return "read";
};

describe("a form", () => {
  it.each([
    ["spaces and tabs after a boundary", bytes("--X \t \r\n", PHOTO, "\r\n\r\n", JPEG, "\r\n--X-- \t\r\n")],
    ["text before its first boundary", bytes("not for you\r\n--X\r\n", PHOTO, "\r\n\r\n", JPEG, "\r\n--X--")],
    ["text after its last boundary", bytes(formOf(PHOTO), "nor this\r\n--X\r\nat all")],
    [
      "a head that goes on in the next line",
      formOf('Content-Disposition: form-data;\r\n name="photo"; filename="a.jpg"'),
    ],
    [
      "parameters in another order, without quotation marks",
      formOf("content-disposition: Form-Data; filename=a.jpg; name=photo"),
    ],
    ["no line break at its end", bytes(formOf(PHOTO)).subarray(0, -2)],
    ["line breaks before its first boundary", bytes("\r\n\r\n", formOf(PHOTO))],
    ["headers in capitals", formOf(PHOTO.replace("Content-Disposition", "CONTENT-DISPOSITION"))],
    ["headers that nobody knows", formOf(`X-Custom: 1\r\n${PHOTO}\r\nContent-Length: 7`)],
    ["lines that end without a carriage return", bytes(`--X\n${PHOTO}\n\n`, JPEG, "\n--X--\n")],
    [
      "such lines, blanks and a folded head",
      bytes(`text\n--X \n${PHOTO.replace("; f", ";\n\tf")}\n\n`, JPEG, "\n--X--"),
    ],
  ])("with %s brings its photo whole", (_, body) => {
    const { files } = readForm(body, TYPE);
    expect(files).toEqual([{ field: "photo", name: "a.jpg", bytes: expect.anything() as Buffer }]);
    expect(Buffer.from(files[0]!.bytes)).toEqual(JPEG);
  });

  it.each([
    ["a content type", "\r\nContent-Type: image/jpeg", JPEG],
    ["a content type that claims text", "\r\nContent-Type: text/plain", JPEG],
    ["nothing at all", "", JPEG],
    ["a content type, and bytes that could be text", "\r\nContent-Type: image/jpeg", Buffer.from("GIF89a")],
  ])("may bring a photo that has no file name, but %s", (_, type, content) => {
    const { files } = readForm(formOf(`Content-Disposition: form-data; name="photo"${type}`, content), TYPE);
    expect(files.map(({ field, name }) => [field, name])).toEqual([["photo", ""]]);
    expect(Buffer.from(files[0]!.bytes)).toEqual(content);
  });

  it("brings fields as UTF-8, empty ones too, and the last of two of one name", () => {
    const field = (name: string, value: string) =>
      `--X\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const body = bytes(field("name", "Ada"), field("name", "Žofie\r\n2"), field("empty", ""), "--X--");
    expect([...readForm(body, TYPE).fields]).toEqual([
      ["name", "Žofie\r\n2"],
      ["empty", ""],
    ]);
  });

  it.each([
    ['filename="a\\"b.jpg"', 'a"b.jpg'],
    ['filename="a%22b%0Ac%41.jpg"', 'a"b\nc%41.jpg'],
    ['filename="C:\\photos\\a.jpg"', "C:\\photos\\a.jpg"],
    ["filename=\"a.jpg\"; filename*=UTF-8''na%C3%AFve.jpg", "naïve.jpg"],
    ["filename=\"a.jpg\"; filename*=UTF-8''%zz", "a.jpg"],
    ['filename="naïve; name=other.jpg"', "naïve; name=other.jpg"],
    ['filename=""', ""],
  ])("reads %s as %s", (parameter, name) => {
    const { files } = readForm(formOf(`Content-Disposition: form-data; name="photo"; ${parameter}`), TYPE);
    expect(files.map((file) => [file.field, file.name])).toEqual([["photo", name]]);
  });

  it("whose lines end without a carriage return brings a file whole that ends with one, and empty parts", () => {
    const field = 'Content-Disposition: form-data; name="name"';
    const content = Buffer.concat([JPEG, Buffer.from("\r\n--X\r")]);
    const { fields, files } = readForm(
      bytes(`--X\n${field}\n\n\n--X\n${PHOTO}\n\n`, content, "\n--X--"),
      TYPE,
    );
    expect([...fields]).toEqual([["name", ""]]);
    expect(Buffer.from(files[0]!.bytes)).toEqual(content);
  });

  it("without parts is empty", () => {
    expect(readForm(bytes("--X--\r\n"), TYPE)).toEqual({ fields: new Map(), files: [] });
  });

  it.each([
    ["a boundary of another kind", 'multipart/form-data; boundary="a b:c"', "--a b:c"],
    ["parameters around the boundary", "multipart/form-data; charset=utf-8; boundary=X; a=b", "--X"],
  ])("with %s is read", (_, type, line) => {
    expect(readForm(bytes(`${line}\r\n${PHOTO}\r\n\r\n`, JPEG, `\r\n${line}--`), type).files).toHaveLength(1);
  });

  const many = (count: number, head: (i: number) => string) =>
    bytes(...Array.from({ length: count }, (_, i) => `--X\r\n${head(i)}\r\n\r\n1\r\n`), "--X--");
  it.each([
    ["a part without a disposition", formOf("Content-Type: image/jpeg")],
    ["a large part without a disposition", formOf("Content-Type: image/jpeg", Buffer.alloc(1_000_000, 0xff))],
    ["a part without a head", formOf("")],
    ["a disposition that is another", formOf('Content-Disposition: attachment; name="photo"')],
    ["a part without a name", formOf('Content-Disposition: form-data; filename="a.jpg"')],
    ["a part in base64", formOf(`${PHOTO}\r\nContent-Transfer-Encoding: base64`)],
    ["a head without an end", bytes(`--X\r\n${PHOTO}`)],
    ["an endless head", bytes(`--X\r\n${PHOTO}; x="${"y".repeat(100_000)}`)],
    ["no last boundary", bytes(`--X\r\n${PHOTO}\r\n\r\n`, JPEG)],
    ["no boundary", JPEG],
    ["nothing", bytes("")],
    ["41 files", many(41, (i) => `Content-Disposition: form-data; name="photo"; filename="${i}"`)],
    ["33 fields", many(33, (i) => `Content-Disposition: form-data; name="${i}"`)],
    ["81 parts of one name", many(81, () => 'Content-Disposition: form-data; name="a"')],
    ["a field of 65 KiB", formOf('Content-Disposition: form-data; name="a"', "x".repeat(65 * 1024))],
  ])("with %s is refused", (_, body) => expect(refused(body)).toBe("bad_request"));

  it.each([
    "multipart/form-data",
    "multipart/mixed; boundary=X",
    "multipart/form-data; boundary=",
    `multipart/form-data; boundary=${"x".repeat(71)}`,
  ])("of the type %s is refused", (type) => expect(refused(formOf(PHOTO), type)).toBe("bad_request"));

  it("of any bytes is read or refused, and nothing else", () => {
    const pieces = [
      "--X",
      "\r\n",
      "--",
      " ",
      PHOTO,
      "\r\n\r\n",
      ":",
      '"',
      ";",
      "\0",
      "Content-Type: ",
      "\r",
      "\n",
      "X",
    ];
    let seed = 20261128;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const outcomes = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const body = Array.from({ length: random(16) }, () => pieces[random(pieces.length)]).join("");
      const outcome = refused(Buffer.from(random(2) ? `--X\r\n${PHOTO}\r\n\r\n${body}\r\n--X--` : body));
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes.keys()].sort()).toEqual(["bad_request", "read"]);
  });

  it.each([
    ["dashes", "-"],
    ["boundaries that are none", "\r\n--X-\r\n--XX"],
    ["line breaks", "\r\n"],
    ["line feeds", "\n"],
    ["boundaries of other lines", "\n--X  \r"],
    ["quotation marks", '; a="'],
  ])("of 20 MiB of %s takes no longer than to read it", (_, text) => {
    const filler = Buffer.alloc(20 * 1024 * 1024, text);
    const startedAtMs = performance.now();
    refused(filler, `multipart/form-data; boundary=${"-".repeat(70)}`);
    refused(bytes(`--X\r\n${PHOTO}`, filler));
    refused(bytes(`--X\r\n${PHOTO}\r\n\r\n`, filler));
    // Three times 20 MiB; what is not linear takes minutes.
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });
});
