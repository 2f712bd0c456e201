import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { embeddingToBytes } from "@similarfaces/contracts";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { startTestMesh, type TestMesh } from "../../../services/mesh/test/mesh.js";
import { putOldFaces } from "../../../services/mesh/test/oldFaces.js";
import { openBrowser, visit, type Visit } from "../browser";

/** Of a poll; Vitest takes one second if not told. */
export const PATIENCE = { timeout: 20_000 } as const;
export const KEY = "the key of this test";
export const composite = (number: number) =>
  fileURLToPath(new URL(`../../../models/samples/gallery/composite-00${number}.jpg`, import.meta.url));

interface Statistics {
  identities: number;
  faces: number;
  model: string;
}

export type GalleryPage = ReturnType<typeof openGalleryPage>;

/** A whole mesh with an API key, started for the tests of a block; each of them begins with an empty gallery. */
export function openGalleryPage() {
  let mesh: TestMesh;
  let browser: Browser;
  let folder: string;
  let open: Visit;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "similarfaces-people-"));
    mesh = await startTestMesh({ env: { API_KEY: KEY } });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await mesh?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => emptyGallery());
  afterEach(async () => {
    expect(open?.problems ?? []).toEqual([]);
    await open?.page.context().close();
  });

  const api = async <T>(method: string, path: string, body?: BodyInit): Promise<T> => {
    const reply = await fetch(`${mesh.url}/v1/gallery${path}`, {
      method,
      headers: { authorization: `Bearer ${KEY}` },
      ...(body === undefined ? {} : { body }),
    });
    if (!reply.ok) throw new Error(await reply.text());
    return (await reply.json()) as T;
  };
  const statistics = () => api<Statistics>("GET", "/statistics");
  const people = () =>
    api<{ identities: { id: string; name: string; faces: unknown[] }[] }>("GET", "/identities?pageSize=200");
  async function emptyGallery() {
    for (const { id } of (await people()).identities) await api("DELETE", `/identities/${id}`);
  }
  /** People with random embeddings and no portraits, by the import of the API. */
  const fill = async (names: readonly string[], facesEach = 1) => {
    const { model } = await statistics();
    const lines = names.flatMap((name, person) =>
      Array.from({ length: facesEach }, (_, at) => {
        const vector = Float32Array.from({ length: 512 }, () => Math.random() - 0.5);
        const length = Math.hypot(...vector);
        return JSON.stringify({
          identityId: `person-${person}`,
          name,
          consent: "nobody: made by a test",
          face: { id: `face-${person}-${at}`, model, createdAtMs: 1, sourceJobId: "", source: `${at}.jpg` },
          embedding: Buffer.from(embeddingToBytes(vector.map((value) => value / length))).toString("base64"),
        });
      }),
    );
    await api("POST", "/import", lines.join("\n"));
  };
  /** People with faces of the first generation's embedder. */
  const fillOld = (names: readonly string[], facesEach: number) =>
    putOldFaces(
      mesh,
      names.flatMap((name, person) =>
        Array.from({ length: facesEach }, (_, at) => ({
          name,
          identityId: `person-${person}`,
          source: `${at}.jpg`,
        })),
      ),
    );
  /** A visit of somebody who has the key. */
  const visitWithKey = async (address: string, options: Parameters<typeof visit>[2] = {}): Promise<Page> => {
    open = await visit(browser, `${mesh.url}/healthz`, options);
    await open.page.evaluate((key) => sessionStorage.setItem("apiKey", key), KEY);
    await open.page.goto(mesh.url + address);
    return open.page;
  };
  const visitWithoutKey = async (address: string): Promise<Page> => {
    open = await visit(browser, mesh.url + address);
    return open.page;
  };
  return {
    url: () => mesh.url,
    /** Where a test may put files. */
    inFolder: (name: string) => join(folder, name),
    statistics,
    people,
    emptyGallery,
    fill,
    fillOld,
    visitWithKey,
    visitWithoutKey,
  };
}

export const consentTo = async (page: Page, words: string) => {
  await page.getByRole("textbox", { name: /Who agreed/ }).fill(words);
  await page.getByRole("checkbox").check();
};

export const focused = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? "");

export const main = (page: Page) => page.locator("#main");
