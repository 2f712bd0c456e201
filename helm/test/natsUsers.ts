import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { authorizationConfig } from "@similarfaces/contracts/brokerConfig";
import { BROKER_PROGRAMS, permissionsOf, type BrokerUser } from "@similarfaces/contracts/brokerUsers";

/** What the chart's broker and compose.yaml's read; `npx tsx helm/test/natsUsers.ts` writes it anew. */
export const NATS_USERS_FILES = {
  "users.conf": chartUsers,
  "analyzer.conf": analyzerUser,
  "compose.users.conf": composeUsers,
};
export const fileOf = (name: string): string =>
  fileURLToPath(new URL(`../files/nats/${name}`, import.meta.url));

/** The analyzers that compose.yaml runs. */
export const COMPOSE_ANALYZERS = ["age", "emotion", "gender", "race"];

const FROM = "# By helm/test/natsUsers.ts, from contracts/src/brokerUsers.ts.\n";
/** Stands for an analyzer's name; in subjects it is a token like any name. */
const PLACEHOLDER = "placeholder";

/** The variable of nats-server's environment that holds a user's password: `similarfaces.natsPasswordVariable` of the chart. */
export const passwordVariable = (user: BrokerUser): string =>
  `NATS_PASSWORD_${user.toUpperCase().replaceAll("-", "_")}`;

const login = (user: BrokerUser) => ({
  user,
  password: `$${passwordVariable(user)}`,
  permissions: permissionsOf(user),
});

/** Those of the programs; the chart puts a block for each of its analyzers where the comment is. */
function chartUsers(): string {
  const text = authorizationConfig(BROKER_PROGRAMS.map(login));
  return `${FROM}${text.replace(/ {2}\]\n}\n$/, "    # @analyzers@\n  ]\n}\n")}`;
}

/** One analyzer's block, with `@analyzer@` for its name and `@password@` for the variable. */
function analyzerUser(): string {
  const text = authorizationConfig([login(PLACEHOLDER)]);
  const [, block] = /users: \[\n([^]*?)\n {2}\]/.exec(text)!;
  return `${block!.replaceAll(passwordVariable(PLACEHOLDER), "@password@").replaceAll(PLACEHOLDER, "@analyzer@")}\n`;
}

function composeUsers(): string {
  return `${FROM}${authorizationConfig([...BROKER_PROGRAMS, ...COMPOSE_ANALYZERS].map(login))}`;
}

if (process.argv[1] && join(process.argv[1]) === fileURLToPath(import.meta.url))
  for (const [name, text] of Object.entries(NATS_USERS_FILES)) writeFileSync(fileOf(name), text());
