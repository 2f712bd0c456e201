import { parseArgs } from "node:util";
import { Gateway, GatewayFailure, type Gallery } from "@similarfaces/client";
import { StageFailure, checkedName } from "@similarfaces/contracts";
import type { Identity } from "@similarfaces/contracts/api";
import { statisticsText } from "../gallery/statisticsText.js";
import { exportTo } from "../gallery/transfer.js";
import { importPath, importProblem, skeletonOf, type ImportValues } from "./importPath.js";
import { checkPlaceOf, dashedFilesLast, fromHere } from "./paths.js";
import { reEnrol, type ReEnrolValues } from "./reEnrol.js";
import { withMesh } from "./withMesh.js";

const USAGE = `npm run gallery -- import PATH --consent TEXT | import FOLDER --skeleton FILE | list [TEXT] | rename WHO NAME | merge WHO INTO
                       | delete WHO... | delete --face ID | export [FILE] | stats | re-enrol [--photos DIR]

The people whom faces are compared with, on the running mesh or on one started for the occasion. WHO is an id or a whole name.

  import   a folder with a subfolder per person, or with pictures named after people (Ada_Lovelace_2.jpg); a csv with
           the columns file,name[,consent][,source]; or an export (.ndjson). What is in already is passed over, so that
           an import can be repeated; faces of a name that is in the gallery are added to that person. A photo is known by its content,
           whatever it is called. Pictures that a camera has named (DSC_0001.JPG), in no folder that says whose they are, are refused.
           --consent TEXT    who agreed to being in the gallery; needed for photos
           --skeleton FILE   only writes a csv of those pictures, for the names to be filled in
           --largest         of a photo with several faces, take the largest; without it, such a photo is refused
  delete   people with all their faces, those of more than 200 faces in the background; or one face
  list     people, all or those whose name contains TEXT
  export   embeddings and portraits, one JSON object a line, to a file or to standard output
  stats    how many there are, of which embedders those are that no search finds, and what is being deleted in the background
  re-enrol makes the faces of an earlier embedder anew, which no search finds: from the photos that they came from, where those are
           at hand, else from their portraits. Each keeps its person, consent and source. Ended halfway, it goes on when it is called again.
           --photos DIR      where the photos are, by the paths within it that an import stored, or by the files' names
           --dry-run         only says from what each would be made

  --in-flight N  import and re-enrol: photos on their way at once (default 16)
  --report FILE  import and re-enrol: what became of each, as JSON
  --json         list and stats as JSON
  --url URL      a gateway elsewhere; API_KEY is sent to it when set`;

const IN_FLIGHT_MAX = 256;

interface Values extends ImportValues, ReEnrolValues {
  face?: string | undefined;
  json: boolean;
}
type Action = (gateway: Gateway, args: string[], values: Values) => Promise<number>;

const ACTIONS: Readonly<Record<string, Action>> = {
  import: ({ gallery }, args, values) => importPath(gallery, args, values),
  list: ({ gallery }, args, values) => list(gallery, args, values),
  rename: ({ gallery }, args) => rename(gallery, args),
  merge: ({ gallery }, args) => merge(gallery, args),
  delete: ({ gallery }, args, values) => remove(gallery, args, values),
  export: ({ gallery }, args) => exportGallery(gallery, args),
  stats: ({ gallery }, _, values) => stats(gallery, values),
  "re-enrol": (gateway, _, values) => reEnrol(gateway, values),
};
/** How many arguments each takes. */
const ARGUMENTS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  import: [1, 1],
  list: [0, 1],
  rename: [2, 2],
  merge: [2, 2],
  delete: [0, Infinity],
  export: [0, 1],
  stats: [0, 0],
  "re-enrol": [0, 0],
};

/** Whose arguments are paths. */
const PATH_VERBS = ["import", "export"];

/** `npm run gallery`. @returns the exit code: 1 if anything was refused, 2 for a call that makes no sense */
export async function gallery(args: string[]): Promise<number> {
  const { values: given, positionals } = parseArgs({
    args: dashedFilesLast(args),
    allowPositionals: true,
    options: {
      consent: { type: "string" },
      skeleton: { type: "string" },
      "in-flight": { type: "string", default: "16" },
      largest: { type: "boolean", default: false },
      report: { type: "string" },
      photos: { type: "string" },
      "dry-run": { type: "boolean", default: false },
      face: { type: "string" },
      json: { type: "boolean", default: false },
      url: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const [verb = "", ...operands] = positionals;
  const values = { ...given, ...pathsFromHere(given) };
  const rest = PATH_VERBS.includes(verb) ? operands.map(fromHere) : operands;
  const action = ACTIONS[verb];
  const [least, most] = ARGUMENTS[verb] ?? [0, 0];
  const nothing = verb === "delete" && rest.length === 0 && values.face === undefined;
  if (values.help || !action || rest.length < least || rest.length > most || nothing) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  const problem =
    inFlightProblem(values) ?? (verb === "import" ? importProblem(rest[0]!, values) : undefined);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\n`);
    return 2;
  }
  if (values.report !== undefined) await checkPlaceOf(values.report);
  if (verb === "import" && values.skeleton !== undefined) return skeletonOf(rest[0]!, values.skeleton);
  try {
    return await withMesh(values.url, (url) =>
      action(new Gateway({ url, apiKey: process.env["API_KEY"] }), rest, values),
    );
  } catch (error) {
    if (!(error instanceof GatewayFailure || error instanceof StageFailure)) throw error;
    process.stderr.write(`${error.message} (${error.code})\n`);
    return 1;
  }
}

function pathsFromHere({ report, photos, skeleton }: Partial<Values>): Partial<Values> {
  const named = Object.entries({ report, photos, skeleton }).filter(([, path]) => path !== undefined);
  return Object.fromEntries(named.map(([option, path]) => [option, fromHere(path!)]));
}

function inFlightProblem(values: Values): string | undefined {
  const inFlight = Number(values["in-flight"]);
  if (Number.isInteger(inFlight) && inFlight >= 1 && inFlight <= IN_FLIGHT_MAX) return undefined;
  return `--in-flight is a whole number from 1 to ${IN_FLIGHT_MAX}`;
}

async function list(gallery: Gallery, [text = ""]: string[], { json }: Values): Promise<number> {
  for await (const identity of gallery.identities(text)) {
    console.log(json ? JSON.stringify(identity) : lineOf(identity));
  }
  return 0;
}

async function rename(gallery: Gallery, [who = "", name = ""]: string[]): Promise<number> {
  checkedName(name);
  console.log(lineOf(await gallery.rename((await find(gallery, who)).id, name)));
  return 0;
}

async function merge(gallery: Gallery, [who = "", into = ""]: string[]): Promise<number> {
  const [from, to] = [await find(gallery, who), await find(gallery, into)];
  console.log(lineOf(await gallery.merge(from.id, to.id)));
  return 0;
}

async function remove(gallery: Gallery, who: string[], { face }: Values): Promise<number> {
  if (face !== undefined) {
    const { thumbnails } = await gallery.deleteFace(face);
    console.log(`face ${face} deleted, with ${thumbnails} portrait`);
  }
  for (const one of who) {
    const identity = await find(gallery, one);
    const { faces, thumbnails, facesLeft, isUnderWay } = await gallery.deleteIdentity(identity.id);
    console.log(
      isUnderWay
        ? `${identity.name} is found by nobody any more; ${facesLeft} faces are being deleted: npm run gallery -- stats`
        : `${identity.name} deleted: ${faces} faces, ${thumbnails} portraits`,
    );
  }
  return 0;
}

async function exportGallery(gallery: Gallery, [path]: string[]): Promise<number> {
  const faces = await exportTo(path, gallery);
  if (path !== undefined) console.log(`${faces} faces written to ${path}`);
  return 0;
}

async function stats(gallery: Gallery, { json }: Values): Promise<number> {
  const statistics = await gallery.statistics();
  console.log(json ? JSON.stringify(statistics) : statisticsText(statistics));
  return 0;
}

/** @throws StageFailure where nobody, or more than one, is called that */
async function find(gallery: Gallery, who: string): Promise<Identity> {
  const byId = /^[A-Za-z0-9_-]{1,64}$/.test(who)
    ? await gallery.identity(who).catch(unlessUnknown)
    : undefined;
  if (byId) return byId;
  const wanted = who.normalize("NFC").trim();
  const found: Identity[] = [];
  for await (const identity of gallery.identities(wanted)) if (identity.name === wanted) found.push(identity);
  const [only] = found;
  if (only && found.length === 1) return only;
  const message = only
    ? `${found.length} people are called ${who}; say which by id:\n${found.map(lineOf).join("\n")}\n`
    : `nobody in the gallery is called ${who} or has that id`;
  throw new StageFailure(only ? "bad_request" : "identity_not_found", message);
}

function unlessUnknown(error: unknown): undefined {
  if (!(error instanceof GatewayFailure) || error.code !== "identity_not_found") throw error;
}

function lineOf({ id, name, faces, createdAtMs }: Identity): string {
  const since = new Date(createdAtMs).toISOString().slice(0, 10);
  return `${id}  ${since}  ${String(faces.length).padStart(4)} faces  ${name}`;
}
