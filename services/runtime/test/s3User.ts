import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import type { S3Server } from "./s3Server.js";

/** Of the server's own table of users; what it may do is the bucket's policy. */
export const USER = { accessKeyId: "service", secretAccessKey: "service-secret" };

/** What a role needs (README.md), of which a test takes something away. */
export const ALL_ACTIONS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];

/** Makes a user who is not the owner of everything. `path` is that of versitygw. */
export async function addUser(
  path: string,
  { endpoint, accessKeyId, secretAccessKey }: S3Server,
): Promise<void> {
  const owner = ["--access", accessKeyId, "--secret", secretAccessKey, "--endpoint-url", endpoint];
  const user = ["--access", USER.accessKeyId, "--secret", USER.secretAccessKey, "--role", "user"];
  await promisify(execFile)(path, ["admin", ...owner, "create-user", ...user]);
}

/** As the server's owner. */
export function ownerOf({ endpoint, accessKeyId, secretAccessKey }: S3Server): S3Client {
  return new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
}

/** The user may list the bucket, and do this to its objects; but for those under a prefix, which it may not delete. */
export async function allow(server: S3Server, actions: readonly string[], kept?: string): Promise<void> {
  const owner = ownerOf(server);
  const Principal = { AWS: [USER.accessKeyId] };
  const bucket = `arn:aws:s3:::${server.bucket}`;
  const Statement = [
    { Effect: "Allow", Principal, Action: ["s3:ListBucket"], Resource: bucket },
    { Effect: "Allow", Principal, Action: actions, Resource: `${bucket}/*` },
    ...(kept === undefined
      ? []
      : [{ Effect: "Deny", Principal, Action: ["s3:DeleteObject"], Resource: `${bucket}/${kept}*` }]),
  ];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await owner.send(new PutBucketPolicyCommand({ Bucket: server.bucket, Policy }));
  owner.destroy();
}
