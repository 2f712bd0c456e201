import { randomUUID } from "node:crypto";
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3ServiceException,
  type S3Client,
} from "@aws-sdk/client-s3";
import { StageFailure } from "@similarfaces/contracts";
import type { Log } from "../telemetry/log.js";

export interface S3DeletionOptions {
  client: S3Client;
  bucket: string;
  /** As with every object, which a policy may ask for. */
  encryption: Pick<PutObjectCommandInput, "ServerSideEncryption">;
  /** How often it is tried whether deleting is possible, while it is; 0 never. */
  probeEveryMs: number;
  /** Called with how many objects stayed that should have gone. */
  onKept(count: number): void;
  log?: Log | undefined;
}

export interface S3Deletion {
  /** @throws StageFailure storage_unavailable, with the server's reason */
  one(key: string): Promise<void>;
  /** @returns how many of them were deleted; `fault` has the reason of the others @throws as `one` does, where there was no answer */
  many(keys: readonly string[]): Promise<number>;
  /** In words, while the server is known to keep what is deleted. */
  fault(): string | undefined;
  close(): void;
}

/** How often deleting is tried while it is impossible, so that a corrected policy is noticed soon. */
const PROBE_AGAIN_MS = 30_000;
/** Below the oldest minute there is: the sweeper takes what a process that was killed has left of it. */
const PROBE_PREFIX = "jobs/0/probe/";
/** Portraits may have a policy of their own. There is no such object; a server answers nevertheless whether it may be deleted. */
const NO_PORTRAIT = "gallery/probe";

/**
 * Deletes objects, and checks whether that is possible: a role may not be allowed to, a bucket may lock its objects or keep versions of
 * them, and photos would outlive their jobs unnoticed. An object is put and deleted at the start and periodically (four requests).
 */
export async function openS3Deletion(options: S3DeletionOptions): Promise<S3Deletion> {
  const { client, bucket: Bucket, encryption, probeEveryMs, onKept, log } = options;
  let fault: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let probe: string | undefined;
  let isClosed = false;

  await probeDeletion();
  return {
    async one(key) {
      try {
        await remove(key);
      } catch (error) {
        throw failed(error, "delete");
      }
    },

    async many(keys) {
      const Objects = keys.map((Key) => ({ Key }));
      try {
        const { Deleted = [], Errors = [] } = await client.send(
          new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
        );
        const [first] = Errors;
        if (first) setFault(refusing("delete", first.Code ?? "no reason given"));
        const marked = Deleted.filter(({ DeleteMarker }) => DeleteMarker).length;
        if (marked > 0) setFault(KEEPS_VERSIONS);
        if (Errors.length + marked > 0) onKept(Errors.length + marked);
        return keys.length - Errors.length - marked;
      } catch (error) {
        onKept(keys.length);
        throw failed(error, "delete");
      }
    },

    fault: () => fault,

    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };

  async function remove(Key: string): Promise<void> {
    const { DeleteMarker } = await client.send(new DeleteObjectCommand({ Bucket, Key }));
    if (DeleteMarker) throw new StageFailure("storage_unavailable", KEEPS_VERSIONS);
  }

  /** Never rejects. A server that does not answer shows in every other request, and is no fault of deletion. */
  async function probeDeletion(): Promise<void> {
    if (probeEveryMs === 0) return;
    let verb: "store" | "delete" = "store";
    try {
      probe ??= await put(`${PROBE_PREFIX}${randomUUID()}`);
      verb = "delete";
      await remove(probe);
      probe = undefined;
      await remove(NO_PORTRAIT);
      setFault(undefined);
    } catch (error) {
      failed(error, verb);
      if (verb === "delete" && fault !== undefined) onKept(1);
    }
    schedule();
  }

  function schedule(): void {
    clearTimeout(timer);
    if (isClosed || probeEveryMs === 0) return;
    const inMs = fault === undefined ? probeEveryMs : Math.min(probeEveryMs, PROBE_AGAIN_MS);
    timer = setTimeout(() => void probeDeletion(), inMs).unref();
  }

  async function put(Key: string): Promise<string> {
    await client.send(new PutObjectCommand({ Bucket, Key, Body: "probe", ...encryption }));
    return Key;
  }

  /** As it is thrown; what is a refusal is remembered. */
  function failed(error: unknown, verb: "delete" | "store"): StageFailure {
    if (error instanceof StageFailure) {
      setFault(error.message);
      return error;
    }
    const refusal = refusalOf(error);
    if (refusal === undefined) return down(error);
    const message = refusing(verb, refusal);
    setFault(message);
    return new StageFailure("storage_unavailable", message, { cause: error });
  }

  function setFault(now: string | undefined): void {
    if (now === fault) return;
    fault = now;
    schedule();
    if (now === undefined) log?.info("the S3 store stores and deletes again");
    else log?.error({ bucket: Bucket }, now);
  }
}

const KEEPS_VERSIONS = "the S3 bucket keeps versions of what is deleted";

const refusing = (verb: string, reason: string) => `the S3 store refuses to ${verb} (${reason})`;

/** The reason of a refusal that will be repeated; undefined for what may pass: no answer, too busy, an error of the server. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof S3ServiceException)) return undefined;
  const { httpStatusCode: status = 0 } = error.$metadata;
  return status >= 400 && status < 500 && ![404, 408, 429].includes(status) ? error.name : undefined;
}

export function down(cause: unknown): StageFailure {
  return new StageFailure("storage_unavailable", "the S3 store did not answer", { cause });
}
