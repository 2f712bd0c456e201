import {
  GetBucketLifecycleConfigurationCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { S3Deletion } from "./s3Deletion.js";

const MINUTE_MS = 60_000;
/** As many as one request deletes. */
const KEYS_PER_DELETION = 1_000;

/**
 * Deletes jobs' blobs by the minute in their key, `jobs/<minute>/...`, once the whole minute has outlived its jobs.
 * @returns how many were deleted
 */
export async function sweep(
  client: S3Client,
  Bucket: string,
  deletion: S3Deletion,
  jobTtlMs: number,
): Promise<number> {
  const oldestKept = Math.floor((Date.now() - jobTtlMs) / MINUTE_MS);
  let deleted = 0;
  for (const minute of await minutes(client, Bucket)) {
    if (minute >= oldestKept) continue;
    for (;;) {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket, Prefix: `jobs/${minute}/`, MaxKeys: KEYS_PER_DELETION }),
      );
      const keys = (page.Contents ?? []).flatMap(({ Key }) => Key ?? []);
      if (keys.length === 0) break;
      const gone = await deletion.many(keys);
      deleted += gone;
      if (gone < keys.length) break;
    }
  }
  return deleted;
}

async function minutes(client: S3Client, Bucket: string): Promise<number[]> {
  const found: number[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket,
        Prefix: "jobs/",
        Delimiter: "/",
        ...(token ? { ContinuationToken: token } : {}),
      }),
    );
    for (const { Prefix } of page.CommonPrefixes ?? []) {
      const minute = Number(Prefix?.split("/")[1]);
      if (Number.isInteger(minute)) found.push(minute);
    }
    token = page.NextContinuationToken;
  } while (token);
  return found;
}

/**
 * A day is the shortest rule there is. A bucket that has rules of its own keeps them, for setting one replaces all; and
 * one whose owner forbids it keeps to the sweeper alone.
 */
export async function setLifecycleNet(client: S3Client, Bucket: string): Promise<void> {
  const hasNone = await client
    .send(new GetBucketLifecycleConfigurationCommand({ Bucket }))
    .then(({ Rules }) => (Rules ?? []).length === 0)
    .catch((error: unknown) => error instanceof Error && error.name === "NoSuchLifecycleConfiguration");
  if (!hasNone) return;
  const rule = {
    ID: "similarfaces-jobs",
    Status: "Enabled" as const,
    Filter: { Prefix: "jobs/" },
    Expiration: { Days: 1 },
  };
  await client
    .send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [rule] } }))
    .catch(() => {});
}
