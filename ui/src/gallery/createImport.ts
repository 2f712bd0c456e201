import { onCleanup } from "solid-js";
import { createStore } from "solid-js/store";
import type { Identity, IdentityPage } from "@similarfaces/contracts/api";
import {
  KnownPhotos,
  conflictWords,
  type PersonOfImport,
  type PhotoOfImport,
} from "@similarfaces/contracts/knownPhotos";
import { announce } from "../announce";
import { galleryStatistics, listIdentities } from "../api/gallery";
import { ApiFailure } from "../api/request";
import { counted } from "../formats";
import { enrolFile, photoDigestOfFile } from "./enrol";
import type { ImportPlan, PlannedPerson, PlannedPhoto } from "./importPlan";
import { asNamed } from "./namesakes";
import { refusalOf, whole } from "./permission";
import { Refused, warningWords } from "./refusals";

export interface Refusal {
  path: string;
  title: string;
  help: string;
  isRetryable: boolean;
}

export interface ImportState {
  phase: "ready" | "running" | "stopped" | "done";
  photos: number;
  /** Of them, those whose content is known: all are read before any is sent. */
  read: number;
  added: number;
  alreadyIn: number;
  refused: Refusal[];
  /** Photos that were added, but make weak comparisons, and why. */
  weak: { path: string; warning: string }[];
  /** People of whom at least one face was added. */
  people: number;
  /** Photos per second of the last while; 0 while that is not known. */
  rate: number;
}

type ReadPhoto = PlannedPhoto & PhotoOfImport;
type ReadPerson = PersonOfImport<ReadPhoto>;

/** Photos on their way at once: more would only wait in the server. */
const IN_FLIGHT_MAX = 4;
const LIST_PAGE = 200;
const RATE_OVER = 40;
const RETRY_MS = 3_000;

/** Works a plan off; run again, it goes on with what is not in. */
export function createImport() {
  const [state, setState] = createStore<ImportState>(emptyState(0));
  let abort = new AbortController();
  onCleanup(() => abort.abort(stopped()));
  return { state, run, stop, reset };

  function reset(photos: number): void {
    setState(emptyState(photos));
  }

  function stop(): void {
    abort.abort(stopped());
  }

  async function run(plan: ImportPlan, consent: string): Promise<void> {
    abort = new AbortController();
    const { signal } = abort;
    const finishedAtMs: number[] = [];
    const slots = createSlots(IN_FLIGHT_MAX);
    setState({ ...emptyState(plan.photos), phase: "running" });
    const people = await readPeople(plan.people);
    const known = await knownPhotos(people).catch(unlessStopped);
    const runners = Array.from({ length: IN_FLIGHT_MAX }, async () => {
      while (known && people.length > 0 && !signal.aborted) await importPerson(people.shift()!, known);
    });
    await Promise.all(runners);
    setState("phase", signal.aborted ? "stopped" : "done");
    announce(
      `${counted(state.added, "face")} added, ${state.alreadyIn} already there, ${state.refused.length} not added.`,
    );

    async function readPeople(planned: readonly PlannedPerson[]): Promise<ReadPerson[]> {
      const read = async (photo: PlannedPhoto): Promise<ReadPhoto> => {
        // What cannot be read is refused when it is to be sent.
        const digest = () => photoDigestOfFile(photo.file, photo.source).catch(() => "");
        const photoDigest = await slots.use(async () => (signal.aborted ? "" : digest()));
        setState("read", (before) => before + 1);
        return { ...photo, photoDigest };
      };
      return Promise.all(
        planned.map(async ({ name, photos }) => ({ name, photos: await Promise.all(photos.map(read)) })),
      );
    }

    /** Undefined once it is stopped. */
    async function knownPhotos(people: readonly ReadPerson[]): Promise<KnownPhotos<ReadPhoto> | undefined> {
      const identities = await everybody(signal);
      const statistics = await untilAnswered(galleryStatistics, signal);
      if (!identities || !statistics) return undefined;
      return new KnownPhotos(identities, people, new Set(statistics.notSearched.map(({ model }) => model)));
    }

    /** Without the key, nothing can be compared and nothing added. */
    function unlessStopped(error: unknown): undefined {
      if (signal.aborted) return;
      if (!(error instanceof ApiFailure) || error.code !== "unauthorized") throw error;
      const path = plan.people[0]!.photos[0]!.path;
      refuse(path, "It wasn't added.", refusalOf(error), true);
      abort.abort(stopped());
    }

    function refuse(path: string, title: string, help: string, isRetryable: boolean): void {
      setState("refused", state.refused.length, { path, title, help, isRetryable });
    }

    /** One photo first, which makes the person; then the others beside one another. */
    async function importPerson(person: ReadPerson, known: KnownPhotos<ReadPhoto>): Promise<void> {
      const { name, photos } = person;
      let identityId = known.identityOf(person)?.id;
      const missing = photos.filter((photo) => {
        const made = known.planOf(person, photo);
        if (made.kind === "conflict")
          refuse(photo.path, "This photo is somebody else's.", conflictWords(made), false);
        if (made.kind === "known") setState("alreadyIn", (before) => before + 1);
        return made.kind === "new";
      });
      let hasAdded = false;
      while (missing.length > 0 && identityId === undefined && !signal.aborted) {
        identityId = await enrolOne(missing.shift()!, name, undefined);
        hasAdded = identityId !== undefined;
      }
      const rest = missing.map(async (photo) => {
        if ((await enrolOne(photo, name, identityId)) !== undefined) hasAdded = true;
      });
      await Promise.all(rest);
      if (hasAdded) setState("people", (before) => before + 1);
    }

    async function enrolOne(
      { file, path, source }: PlannedPhoto,
      name: string,
      identityId: string | undefined,
    ): Promise<string | undefined> {
      return slots.use(async () => {
        if (signal.aborted) return undefined;
        try {
          const options = { signal, attempts: Number.POSITIVE_INFINITY, onProgress: () => {} };
          const enrol = (id: string | undefined) => enrolFile(file, source, { name, consent }, id, options);
          const enrolled = await (identityId === undefined ? asNamed(name, enrol) : enrol(identityId));
          setState("added", (before) => before + 1);
          const warning = warningWords(enrolled.warnings);
          if (warning) setState("weak", state.weak.length, { path, warning });
          return enrolled.identityId;
        } catch (error) {
          if (signal.aborted) return undefined;
          if (!(error instanceof Refused)) throw error;
          const { title, help, retryable: isRetryable } = error;
          refuse(path, title, help, isRetryable);
          // Without the key, nothing else would be taken either.
          if (error.code === "unauthorized") abort.abort(stopped());
          return undefined;
        } finally {
          tick();
        }
      });
    }

    function tick(): void {
      finishedAtMs.push(performance.now());
      if (finishedAtMs.length > RATE_OVER) finishedAtMs.shift();
      const spanMs = finishedAtMs.at(-1)! - finishedAtMs[0]!;
      if (finishedAtMs.length > 4 && spanMs > 0)
        setState("rate", ((finishedAtMs.length - 1) / spanMs) * 1_000);
    }
  }
}

/** Everybody with the digests of their photos; undefined once it is stopped. */
async function everybody(signal: AbortSignal): Promise<Identity[] | undefined> {
  const all: Identity[] = [];
  let pageToken = "";
  do {
    const ask = () => listIdentities({ pageSize: LIST_PAGE, pageToken });
    // Without the key the list does not say which photos faces are of, and everything would be sent again.
    const page = await untilAnswered(() => whole(ask, saysSources), signal);
    if (page === undefined) return undefined;
    all.push(...page.identities);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return all;
}

function saysSources({ identities }: IdentityPage): boolean {
  return identities.every(({ consent }) => consent !== undefined);
}

/** Asks again while the server is away; undefined once it is stopped. */
async function untilAnswered<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiFailure) || !error.retryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  return undefined;
}

/** So many at once, the others in turn. */
function createSlots(count: number) {
  let free = count;
  const waiting: (() => void)[] = [];
  return {
    async use<T>(work: () => Promise<T>): Promise<T> {
      if (free > 0) free--;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free++;
      }
    },
  };
}

function emptyState(photos: number): ImportState {
  return {
    phase: "ready",
    photos,
    read: 0,
    added: 0,
    alreadyIn: 0,
    refused: [],
    weak: [],
    people: 0,
    rate: 0,
  };
}

function stopped(): Refused {
  return new Refused("stopped", "Stopped.", "", true);
}
