import { connect } from "node:net";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMesh, type Mesh } from "./meshFixture.js";

const DISPOSITION = 'Content-Disposition: form-data; name="photo"';
const jpeg = () =>
  sharp({ create: { width: 32, height: 32, channels: 3, background: "#a08070" } })
    .jpeg()
    .toBuffer();
const formOf = (
  photo: Buffer,
  { head = `${DISPOSITION}; filename="a.jpg"`, first = "--X\r\n", last = "--X--\r\n" } = {},
) => Buffer.concat([Buffer.from(`${first}${head}\r\n\r\n`), photo, Buffer.from(`\r\n${last}`)]);

/** Whatever is sent as a form, whoever serves it: each request is answered. */
describe.each(["uws", "node"])("a form that is sent to %s", (driver) => {
  let mesh: Mesh;
  beforeAll(async () => {
    mesh = await startMesh({ HTTP_DRIVER: driver });
  });
  afterAll(() => mesh?.stop());

  const send = async (body: Uint8Array, { path = "/v1/jobs", boundary = "X" } = {}) => {
    const response = await fetch(`${mesh.url}${path}`, {
      method: "POST",
      headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
      body: new Uint8Array(body),
    });
    const { failure } = (await response.json()) as { failure?: { code: string; message: string } };
    return failure ? `${response.status} ${failure.code}: ${failure.message}` : String(response.status);
  };

  it.each([
    ["spaces after its boundary", { first: "--X  \r\n" }],
    ["tabs and text before its boundary", { first: "a form\r\n--X\t\r\n" }],
    ["text after its end", { last: "--X--\r\nnothing more" }],
    ["a photo without a file name", { head: `${DISPOSITION}\r\nContent-Type: image/jpeg` }],
    ["a photo without file name and type", { head: DISPOSITION }],
    [
      "a head in capitals, folded",
      { head: DISPOSITION.toUpperCase().replace('; NAME="PHOTO"', ';\r\n NAME="photo"') },
    ],
    ["a file name as RFC 8187 writes it", { head: `${DISPOSITION}; filename*=UTF-8''%C3%A4.jpg` }],
  ])("with %s is taken", async (_, parts) => {
    expect(await send(formOf(await jpeg(), parts))).toBe("202");
  });

  it("with a quoted boundary, or with lines that end without a carriage return, is taken", async () => {
    expect(await send(formOf(await jpeg()), { boundary: '"X"' })).toBe("202");
    const lines = [`--X\n${DISPOSITION}; filename="a.jpg"\n\n`, "\n--X--\n"].map((text) => Buffer.from(text));
    expect(await send(Buffer.concat([lines[0]!, await jpeg(), lines[1]!]))).toBe("202");
  });

  it.each([
    ["a part that says nothing", { head: "Content-Type: image/jpeg" }, "Each part of a form says form-data"],
    ["a part without any head", { head: "" }, "Each part of a form says form-data"],
    ["a part of another disposition", { head: 'Content-Disposition: attachment; name="photo"' }, "Each part"],
    [
      "a photo in another field",
      { head: DISPOSITION.replace("photo", "picture") },
      "one file, in the field photo",
    ],
    [
      "a photo in base64",
      { head: `${DISPOSITION}\r\nContent-Transfer-Encoding: base64` },
      "no other encoding",
    ],
    ["no end", { last: "" }, "no complete multipart/form-data"],
    ["another boundary", { first: "--Y\r\n", last: "--Y--\r\n" }, "no complete multipart/form-data"],
  ])("with %s is refused in words", async (_, parts, words) => {
    const answer = await send(formOf(await jpeg(), parts));
    expect(answer).toMatch(/^400 bad_request: /);
    expect(answer).toContain(words);
  });

  it("with an empty photo, or with nothing, is refused in words", async () => {
    expect(await send(formOf(Buffer.alloc(0)))).toMatch(/^400 empty_body: /);
    expect(await send(Buffer.from("--X--\r\n"))).toMatch(/^400 bad_request: A form has one file/);
    expect(await send(Buffer.alloc(0))).toMatch(/^400 bad_request: The body is no complete/);
    expect(await send(formOf(await jpeg()), { boundary: "" })).toMatch(/^400 bad_request: The content type/);
  });

  it.each(["/v1/jobs", "/v1/gallery/identities"])(
    "is answered by %s wherever its body ends",
    async (path) => {
      const form = formOf((await jpeg()).subarray(0, 40));
      for (let end = 0; end < form.length; end += 3)
        expect([end, await send(form.subarray(0, end), { path })]).toEqual([
          end,
          expect.stringMatching(/^4\d\d /),
        ]);
    },
  );

  it("and cut with its connection ends with it", async () => {
    const { port, hostname } = new URL(mesh.url);
    const form = formOf(await jpeg());
    for (const share of [0, 0.3, 0.9]) {
      const socket = connect(Number(port), hostname);
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      socket.on("error", () => {}).resume();
      socket.write(
        `POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=X\r\nContent-Length: ${form.length}\r\n\r\n`,
      );
      socket.end(form.subarray(0, Math.floor(form.length * share)));
      await closed;
    }
    expect(await send(form)).toBe("202");
  });
});
