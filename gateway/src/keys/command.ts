import { parseArgs } from "node:util";
import type { KV } from "@nats-io/kv";
import { createKey, listKeys, revokeKey } from "./keyBucket.js";
import { SCOPES, isScope, type Scope } from "./scopes.js";

const USAGE = `npm run keys -- create --name NAME --scopes SCOPE,... | list [--json] | revoke ID...

API keys of the mesh of this machine, or of the broker at NATS_URL. Every gateway knows of a change at once.
  create   prints the key, once: only its hash is kept
           ${SCOPES.join(", ")}
           (gallery:write includes gallery:read, admin all; the jobs that a key makes are its own)
  list     id, day, scopes and name of each
  revoke   from then on nobody gets in with it, and nobody sees its jobs`;

const NAME = /^[^\p{C}]{1,100}$/u;

interface Values {
  name?: string | undefined;
  scopes?: string | undefined;
  json: boolean;
}

/**
 * `npm run keys`. The bucket is opened for a call that makes sense only.
 * @returns the exit code: 1 for an id that is no key's, 2 for a call that makes no sense
 */
export async function runKeysCommand(
  args: string[],
  withBucket: (work: (kv: KV) => Promise<number>) => Promise<number>,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      name: { type: "string" },
      scopes: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [verb, ...ids] = positionals;
  if (!values.help && verb === "list" && ids.length === 0) return withBucket((kv) => list(kv, values));
  if (!values.help && verb === "revoke" && ids.length > 0) return withBucket((kv) => revoke(kv, ids));
  if (!values.help && verb === "create" && ids.length === 0) {
    const asked = readAsked(values);
    if (typeof asked !== "string") return withBucket((kv) => create(kv, asked));
    process.stderr.write(`${asked}\n`);
    return 2;
  }
  process.stderr.write(`${USAGE}\n`);
  return values.help ? 0 : 2;
}

interface Asked {
  name: string;
  scopes: Scope[];
}

/** Or, in words, what is wrong with the call. */
function readAsked({ name = "", scopes = "" }: Values): Asked | string {
  if (!NAME.test(name.trim())) return "--name says whose key it is, in 1 to 100 characters.";
  const asked = scopes.split(",").map((scope) => scope.trim());
  const known = asked.filter(isScope);
  if (known.length !== asked.length) return `--scopes takes a list of ${SCOPES.join(", ")}.`;
  return { name: name.trim(), scopes: [...new Set(known)] };
}

async function create(kv: KV, { name, scopes }: Asked): Promise<number> {
  console.log(await createKey(kv, name, scopes));
  process.stderr.write(`The key of ${name}, for ${scopes.join(", ")}. It is shown this once.\n`);
  return 0;
}

async function list(kv: KV, { json }: Values): Promise<number> {
  for (const { id, name, scopes, createdAtMs } of await listKeys(kv)) {
    const since = new Date(createdAtMs).toISOString().slice(0, 10);
    console.log(
      json
        ? JSON.stringify({ id, name, scopes, createdAtMs })
        : `${id}  ${since}  ${scopes.join(",")}  ${name}`,
    );
  }
  return 0;
}

async function revoke(kv: KV, ids: readonly string[]): Promise<number> {
  let code = 0;
  for (const id of ids) {
    const revoked = await revokeKey(kv, id);
    if (revoked) console.log(`${id} is revoked`);
    else process.stderr.write(`there is no key ${printable(id)}\n`);
    if (!revoked) code = 1;
  }
  return code;
}

/** A user may give the whole key by mistake: it is not printed. */
function printable(id: string): string {
  return /^[0-9a-f]{12}$/.test(id) ? id : "of that id: give the twelve characters that `list` shows";
}
