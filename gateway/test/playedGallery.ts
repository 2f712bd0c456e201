import {
  GALLERY_QUEUE,
  GalleryReplySchema,
  GalleryRequestSchema,
  create,
  fromBinary,
  toBinary,
  type GalleryRequest,
  type MessageInitShape,
} from "@similarfaces/contracts";
import { PIXEL, startMesh, type Mesh } from "./meshFixture.js";

export const IDENTITY = { id: "someone", name: "Ada", consent: "herself, 2026", createdAtMs: 1, faces: [] };

type Operation = GalleryRequest["operation"];

/** A mesh whose match is played by the test: a queue group on the same subjects, which keeps what it was asked. */
export interface PlayedGallery {
  mesh: Mesh;
  asked: Operation[];
  reply(operation: Operation): MessageInitShape<typeof GalleryReplySchema>["reply"];
  /** Before each test: nothing asked, and IDENTITY is there. */
  reset(): void;
  call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }>;
  form(fields: Record<string, string>, photos?: number): FormData;
  /** The last message of a subject of work. */
  workOf(subject: string): Promise<Uint8Array>;
}

export async function playGallery(): Promise<PlayedGallery> {
  const mesh = await startMesh();
  const gallery: PlayedGallery = {
    mesh,
    asked: [],
    reply: () => undefined,
    reset() {
      gallery.asked = [];
      gallery.reply = ({ case: operation }) =>
        operation === "get" ? { case: "get", value: IDENTITY } : undefined;
    },
    async call(method, path, body) {
      const response = await fetch(`${mesh.url}/v1/gallery${path}`, {
        method,
        // No extract answers here.
        headers: { prefer: "wait=0" },
        ...(body === undefined
          ? {}
          : { body: body instanceof FormData || typeof body === "string" ? body : JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    form(fields, photos = 1) {
      const data = new FormData();
      for (const [name, value] of Object.entries(fields)) data.set(name, value);
      for (let i = 0; i < photos; i++) data.append("photo", new Blob([PIXEL]), `../${i}.gif`);
      return data;
    },
    async workOf(subject) {
      const stream = subject.endsWith("image") ? "SF_IMAGES" : "SF_EMBEDDINGS";
      return (await mesh.broker.jsm.streams.getMessage(stream, { last_by_subj: subject }))!.data;
    },
  };
  mesh.broker.nc.subscribe("sf.v2.gallery.*", {
    queue: GALLERY_QUEUE,
    callback: (_, message) => {
      const { operation } = fromBinary(GalleryRequestSchema, message.data);
      gallery.asked.push(operation);
      const answer = gallery.reply(operation);
      message.respond(
        toBinary(GalleryReplySchema, create(GalleryReplySchema, answer ? { reply: answer } : {})),
      );
    },
  });
  return gallery;
}
