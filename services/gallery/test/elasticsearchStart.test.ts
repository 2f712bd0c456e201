import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { refusal, startFakeElasticsearch } from "./fakeElasticsearch.js";
import { fakeGalleries } from "./fakeGalleries.js";
import { embedding, face, probe } from "./fixtures.js";

const { open, openDriver, fake, faulty, restart } = fakeGalleries();
const one = face({ id: "f", identity: "i", embedding: embedding(1) });

it("refuses a server that is no Elasticsearch, at the start and while serving", async () => {
  fake().product = undefined;
  await expect(openDriver()).rejects.toMatchObject({ code: "wrong_product", retryable: false });
  fake().product = "Another";
  await expect(openDriver()).rejects.toMatchObject({ code: "wrong_product" });
  fake().product = "Elasticsearch";
  const gallery = await open();
  fake().product = undefined;
  await expect(gallery.search(probe(embedding(1)), 5)).rejects.toMatchObject({ code: "wrong_product" });
});

it.each(["8.19.2", "10.0.0", "7.17.0"])("refuses version %s", async (version) => {
  fake().version = version;
  await expect(openDriver()).rejects.toMatchObject({
    code: "wrong_product",
    message: expect.stringContaining(version) as string,
  });
});

it("refuses what does not know the client's media type, and pages of something else", async () => {
  faulty("_nodes", 9, refusal(400, "media_type_header_exception"));
  await expect(openDriver()).rejects.toMatchObject({ code: "wrong_product" });
  fake().fault = (_request, response) => {
    response.writeHead(404, { "content-type": "text/html" });
    response.end("<h1>Not found</h1>");
    return "handled";
  };
  await expect(openDriver()).rejects.toMatchObject({ code: "wrong_product" });
});

it("takes part where another replica makes the index first", async () => {
  let created = 0;
  fake().fault = (request, response) => {
    if (request.method !== "PUT" || !request.path.endsWith("-000001") || created++ > 0) return undefined;
    fake().answer(request);
    const late = refusal(400, "resource_already_exists_exception");
    fake().reply(response, late.status, late.body);
    return "handled";
  };
  const gallery = await open();
  expect((await gallery.enrol(one)).added).toBe(true);
  expect(created).toBe(1);
});

it("waits for a server that is not up yet, until it is told to give up", async () => {
  const patient = { patienceMs: 200, url: fake().url };
  await fake().close();
  await expect(openDriver(patient)).rejects.toMatchObject({ code: "gallery_unavailable" });

  const given = new AbortController();
  const hopeless = openDriver({ ...patient, signal: given.signal });
  setTimeout(() => given.abort(), 300);
  await expect(hopeless).rejects.toMatchObject({ code: "gallery_unavailable" });

  const waiting = openDriver({ ...patient, signal: new AbortController().signal });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await restart();
  expect((await (await open({}, waiting)).enrol(one)).added).toBe(true);
});

const hasOpenssl = spawnSync("openssl", ["version"], { stdio: "ignore" }).status === 0;
it.skipIf(!hasOpenssl)("trusts the authority of NODE_EXTRA_CA_CERTS and no other (openssl)", async () => {
  const dir = mkdtempSync(join(tmpdir(), "similarfaces-tls-"));
  const [key, cert] = [join(dir, "tls.key"), join(dir, "tls.crt")];
  const subject = ["-subj", "/CN=similarfaces test", "-addext", "subjectAltName=IP:127.0.0.1"];
  const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", key, "-out", cert];
  await promisify(execFile)("openssl", [...args, ...subject]);
  const secure = await startFakeElasticsearch({
    tls: { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") },
  });
  // Node.js reads the variable once, as it starts.
  const program = `
    const { openElasticsearchGallery } = await import(${JSON.stringify(new URL("../dist/drivers/elasticsearch/driver.js", import.meta.url))});
    const log = { info() {}, warn() {}, error() {} };
    const options = { url: ${JSON.stringify(secure.url)}, index: "g", kind: "flat", model: "m", log, patienceMs: 100 };
    const outcome = await openElasticsearchGallery(options).then((driver) => driver.close().then(() => "opened"), ({ code }) => code);
    console.log(outcome);`;
  const run = async (env: object) => {
    const node = ["--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, node, { env: { ...process.env, ...env } });
    return stdout.trim();
  };
  try {
    expect(await run({ NODE_EXTRA_CA_CERTS: cert })).toBe("opened");
    expect(await run({ NODE_EXTRA_CA_CERTS: "" })).toBe("gallery_unavailable");
  } finally {
    await secure.close();
    rmSync(dir, { recursive: true });
  }
});
