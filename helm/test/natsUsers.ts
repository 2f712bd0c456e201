import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  BROKER_USERS,
  authorizationConfig,
  passwordVariable,
  permissionsOf,
} from "@similarfaces/contracts/brokerUsers";

/** What the chart's broker and compose.yaml's read; `npx tsx helm/test/natsUsers.ts` writes it anew. */
export const NATS_USERS_FILE = fileURLToPath(new URL("../files/nats/users.conf", import.meta.url));

export function natsUsers(): string {
  const logins = BROKER_USERS.map((user) => ({
    user,
    password: `$${passwordVariable(user)}`,
    permissions: permissionsOf(user),
  }));
  return `# By helm/test/natsUsers.ts, from contracts/src/brokerUsers.ts.\n${authorizationConfig(logins)}`;
}

if (process.argv[1] && join(process.argv[1]) === fileURLToPath(import.meta.url))
  writeFileSync(NATS_USERS_FILE, natsUsers());
