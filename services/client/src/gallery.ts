import type {
  GalleryDeletion,
  EnrolmentOutcomes,
  GalleryReceipt,
  Identity,
  Matches,
  Photo,
  Statistics,
} from "@similarfaces/contracts/api";
import type { Connection } from "./connection.js";
import { GatewayFailure } from "./gatewayFailure.js";
import type { Jobs } from "./jobs.js";

export interface NewPhoto {
  photo: Photo;
  fileName: string;
  /** The file's name unless given. */
  source?: string;
  consent: string;
  /** Of a photo with several faces, take the largest; without it, such a photo is refused. */
  largest?: boolean;
  /** Of somebody new, though another has the name where `new` says so; or the id of an identity. */
  as: { name: string; new?: boolean } | { identityId: string };
}

/** A face of a finished job, for somebody who is in the gallery. */
export interface FaceOfJob {
  jobId: string;
  /** Its index in the job. */
  face: number;
  /** Where its photo came from; that it is a face of a job unless given. */
  source?: string;
  /** SHA-256 of that photo's bytes, base64url, where they are at hand. */
  photoDigest?: string;
  identityId: string;
}

const LIST_PAGE = 200;

/** The people whom faces are compared with. Everything throws GatewayFailure. */
export class Gallery {
  readonly #connection: Connection;
  readonly #jobs: Jobs;

  constructor(connection: Connection, jobs: Jobs) {
    this.#connection = connection;
    this.#jobs = jobs;
  }

  /** By name, all or those whose name has this part; asked for page by page. */
  async *identities(name = ""): AsyncGenerator<Identity> {
    let pageToken = "";
    do {
      const params = { query: { name, pageSize: LIST_PAGE, pageToken } };
      const page = await this.#connection.read((api) => api.GET("/v1/gallery/identities", { params }));
      yield* page.identities;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  identity(identityId: string): Promise<Identity> {
    return this.#connection.read((api) => api.GET(IDENTITY, { params: { path: { identityId } } }));
  }

  rename(identityId: string, name: string): Promise<Identity> {
    return this.#connection.change((api) =>
      api.PATCH(IDENTITY, { params: { path: { identityId } }, body: { name } }),
    );
  }

  /** All its faces become those of `into`, and it is gone afterwards. */
  merge(identityId: string, into: string): Promise<Identity> {
    const params = { path: { identityId } };
    return this.#connection.change((api) => api.POST(`${IDENTITY}/merge`, { params, body: { into } }));
  }

  /** One with many faces is gone at once, and deleted in the background: the same call says how far that is, for a day after its end. */
  deleteIdentity(identityId: string): Promise<GalleryDeletion> {
    return this.#connection.change((api) => api.DELETE(IDENTITY, { params: { path: { identityId } } }));
  }

  deleteFace(faceId: string): Promise<GalleryReceipt> {
    return this.#connection.change((api) =>
      api.DELETE("/v1/gallery/faces/{faceId}", { params: { path: { faceId } } }),
    );
  }

  /** A JPEG of the face; undefined where the gallery has none of it. */
  async portrait(faceId: string): Promise<ArrayBuffer | undefined> {
    const params = { path: { faceId } };
    const ask = this.#connection.read((api) =>
      api.GET("/v1/gallery/faces/{faceId}.jpg", { params, parseAs: "arrayBuffer" }),
    );
    return ask.catch((error: unknown) => {
      if (error instanceof GatewayFailure && error.code === "face_not_found") return undefined;
      throw error;
    });
  }

  /** The people nearest to an embedding as a job's result has it, at most `count` of them, 1..100. */
  search({ embedding, model }: { embedding: string; model: string }, count: number): Promise<Matches> {
    return this.#connection.read((api) =>
      api.POST("/v1/gallery/search", { body: { embedding, model, count } }),
    );
  }

  statistics(): Promise<Statistics> {
    return this.#connection.read((api) => api.GET("/v1/gallery/statistics"));
  }

  /** NDJSON, an ExportedFace a line, as it comes; a failure in the middle is the last line. */
  async export(): Promise<ReadableStream<Uint8Array>> {
    const body = await this.#connection.read((api) => api.GET("/v1/gallery/export", { parseAs: "stream" }));
    // Of an empty gallery there is none.
    return (body as ReadableStream<Uint8Array> | undefined) ?? new Blob([]).stream();
  }

  /** Lines of an export, at most 20 MiB of them. */
  import(lines: string): Promise<GalleryReceipt> {
    const headers = { "content-type": "application/x-ndjson" };
    return this.#connection.change((api) =>
      api.POST("/v1/gallery/import", { headers, body: lines, bodySerializer: (body) => body }),
    );
  }

  /** @returns once the photo is accepted; `enrolled` says what has become of it */
  async enrol({ photo, fileName, source, consent, largest = false, as }: NewPhoto): Promise<{
    identityId: string;
    jobId: string;
  }> {
    const request = {
      body: {
        consent,
        ...(source === undefined ? {} : { source }),
        photo: [new File([photo], fileName)],
        largest: textOf(largest),
        ...("name" in as ? { name: as.name, new: textOf(as.new ?? false) } : {}),
      },
      bodySerializer: formOf,
    };
    return acceptedOf(
      await this.#connection.change((api) =>
        "name" in as
          ? api.POST("/v1/gallery/identities", request)
          : api.POST(`${IDENTITY}/faces`, { ...request, params: { path: { identityId: as.identityId } } }),
      ),
    );
  }

  /** Likewise a face that a job has found, with the consent that its person has given. */
  async enrolFace({ identityId, ...body }: FaceOfJob): Promise<{ identityId: string; jobId: string }> {
    const params = { path: { identityId } };
    return acceptedOf(
      await this.#connection.change((api) => api.POST(`${IDENTITY}/faces`, { params, body })),
    );
  }

  /** Waits for the end of an enrolment. @returns the face's id, which is another's where the gallery had that face */
  async enrolled(jobId: string): Promise<string> {
    for await (const message of this.#jobs.follow(jobId)) {
      if (message.type === "complete") break;
      const { failure, enrol } = message.event;
      if (failure) throw new GatewayFailure("event", failure);
      if (enrol) return enrol.faceId;
    }
    const message = "The job's time was over before the face was in the gallery.";
    throw new GatewayFailure("event", { code: "deadline_exceeded", message, retryable: true });
  }
}

const IDENTITY = "/v1/gallery/identities/{identityId}";

/** @throws GatewayFailure where the only photo was refused */
function acceptedOf({ identityId, photos }: EnrolmentOutcomes): { identityId: string; jobId: string } {
  const outcome = photos[0]!;
  if ("failure" in outcome) throw new GatewayFailure("answer", outcome.failure);
  return { identityId, jobId: outcome.job.jobId };
}

/** Texts as they are; files one by one, under their own names. */
function formOf(fields: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields) as [string, string | File[]][]) {
    if (typeof value === "string") form.set(name, value);
    else for (const file of value) form.append(name, file, file.name);
  }
  return form;
}

/** A form has texts alone. */
function textOf(flag: boolean): "true" | "false" {
  return flag ? "true" : "false";
}
