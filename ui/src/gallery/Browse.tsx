import { For, Show, createSignal, onCleanup } from "solid-js";
import { announce } from "../announce";
import { galleryStatistics, listIdentities, portraitUrl } from "../api";
import { Link } from "../components/Link";
import { Notice } from "../components/Notice";
import { Portrait } from "../components/Portrait";
import { counted } from "../formats";
import { about } from "../installation";
import { navigate, query } from "../router";
import type { Identity } from "../wire";
import { createLoaded } from "./createLoaded";
import { ExportButton } from "./ExportButton";
import "./Browse.css";

const PAGE_SIZE = 48;
/** After the last key, before the gallery is asked. */
const TYPING_MS = 250;

/** Where each page of a search begins, as far as this visit has been there: the gallery only knows the next one. */
const beginnings = new Map<string, string[]>();

/** Everybody, by name, page by page; the address says which. */
export function Browse() {
  const name = () => query().get("name") ?? "";
  const page = () => Math.max(1, Math.floor(Number(query().get("page") ?? 1)) || 1);
  const pageToken = () => query().get("after") ?? "";
  const statistics = createLoaded(() => "", galleryStatistics);
  const people = createLoaded(
    () => `${name()}\n${pageToken()}`,
    async () => {
      const found = await listIdentities({ name: name(), pageSize: PAGE_SIZE, pageToken: pageToken() });
      const known = beginnings.get(name()) ?? [""];
      known[page() - 1] = pageToken();
      if (found.nextPageToken !== "") known[page()] = found.nextPageToken;
      beginnings.set(name(), known);
      if (name() !== "") announce(`${counted(found.total, "person", "people")} found`);
      return found;
    },
  );
  const total = () => people.value()?.total ?? 0;
  const pages = () => Math.max(1, Math.ceil(total() / PAGE_SIZE));
  const canEnrol = () => about()?.stages.includes("enrol") ?? true;
  const isEmpty = () => people.value() !== undefined && total() === 0;

  return (
    <>
      <header class="gallery-head">
        <div>
          <h1>Gallery</h1>
          <p class="quiet">
            <Show when={statistics.value()} fallback={" "}>
              {(known) =>
                `${counted(known().identities, "person", "people")}, ${counted(known().faces, "face")}. New faces are compared with them.`
              }
            </Show>
          </p>
        </div>
        <div class="gallery-actions">
          <Show when={canEnrol()}>
            <Link class="button button-main" href="/gallery/add">
              Add a person
            </Link>
          </Show>
          <Link class="button" href="/gallery/import">
            Import
          </Link>
          <ExportButton faces={statistics.value()?.faces} />
        </div>
      </header>
      <Search value={name()} />
      <Show when={people.failure()}>{(why) => <Trouble code={why().code} message={why().message} />}</Show>
      <Show when={isEmpty() && !people.failure()}>
        <Nobody name={name()} canEnrol={canEnrol()} />
      </Show>
      <Show when={!people.value() && !people.failure()}>
        <ul class="people" aria-hidden="true">
          <For each={Array.from({ length: 12 })}>
            {() => (
              <li class="person-card">
                <Portrait src={undefined} alt="" />
                <span class="person-name">&nbsp;</span>
                <span class="small">&nbsp;</span>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Show when={total() > 0}>
        <ul class="people" aria-label="People" aria-busy={people.isLoading()}>
          <For each={people.value()?.identities}>{(identity) => <PersonCard identity={identity} />}</For>
        </ul>
        <Show when={pages() > 1}>
          <nav class="pager" aria-label="Pages of people">
            <Turn href={page() > 1 ? addressOf(name(), page() - 1) : undefined} label="Previous" />
            <span>
              Page {page().toLocaleString()} of {pages().toLocaleString()}
            </span>
            <Turn
              href={people.value()?.nextPageToken ? addressOf(name(), page() + 1) : undefined}
              label="Next"
            />
          </nav>
        </Show>
      </Show>
    </>
  );
}

function Search(props: { value: string }) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  const [typed, setTyped] = createSignal<string>();
  const search = (name: string) => {
    setTyped(undefined);
    navigate(name === "" ? "/gallery" : `/gallery?${new URLSearchParams({ name })}`, { replace: true });
  };
  return (
    <form
      class="gallery-search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        clearTimeout(timer);
        search(typed() ?? props.value);
      }}
    >
      <input
        class="input"
        type="search"
        aria-label="Search by name"
        placeholder="Search by name"
        maxlength="200"
        value={typed() ?? props.value}
        onInput={(event) => {
          const name = event.currentTarget.value;
          setTyped(name);
          clearTimeout(timer);
          timer = setTimeout(() => search(name.trim()), TYPING_MS);
        }}
      />
    </form>
  );
}

function PersonCard(props: { identity: Identity }) {
  const first = () => props.identity.faces[0];
  return (
    <li>
      <Link class="person-card" href={`/gallery/${props.identity.id}`}>
        <Portrait src={first() && portraitUrl(first()!.id)} alt="" />
        <bdi class="person-name">{props.identity.name}</bdi>
        <span class="small quiet">{counted(props.identity.faces.length, "face")}</span>
      </Link>
    </li>
  );
}

function Turn(props: { href: string | undefined; label: string }) {
  return (
    <Show
      when={props.href}
      fallback={
        <span class="button" aria-disabled="true">
          {props.label}
        </span>
      }
    >
      {(href) => (
        <Link class="button" href={href()} onClick={() => scrollTo(0, 0)}>
          {props.label}
        </Link>
      )}
    </Show>
  );
}

function Nobody(props: { name: string; canEnrol: boolean }) {
  return (
    <Show
      when={props.name === ""}
      fallback={
        <Notice
          title={`Nobody's name has “${props.name}” in it.`}
          actions={
            <Link class="button" href="/gallery">
              Show everybody
            </Link>
          }
        />
      }
    >
      <div class="gallery-empty">
        <h2>Nobody is in the gallery yet</h2>
        <p class="quiet">
          Analysed faces are compared with the people here. Add somebody who agreed to it from a photo, or
          import a folder with one folder per person.
        </p>
        <div class="gallery-actions">
          <Show when={props.canEnrol}>
            <Link class="button button-main" href="/gallery/add">
              Add a person
            </Link>
          </Show>
          <Link class="button" href="/gallery/import">
            Import
          </Link>
        </div>
      </div>
    </Show>
  );
}

function Trouble(props: { code: string; message: string }) {
  return (
    <Show
      when={about()?.stages.includes("match") === false}
      fallback={
        <Show
          when={props.code === "bad_request"}
          fallback={
            <Notice kind="bad" title="The gallery cannot be read just now.">
              {props.message} This page tries again by itself.
            </Notice>
          }
        >
          <Notice
            kind="bad"
            title="There is no such page."
            actions={
              <Link class="button" href="/gallery">
                Start at the first
              </Link>
            }
          />
        </Show>
      }
    >
      <Notice title="This installation compares no faces.">
        Its stages do not include match, which keeps the gallery.
      </Notice>
    </Show>
  );
}

function addressOf(name: string, page: number): string {
  const after = beginnings.get(name)?.[page - 1];
  // A page that this visit never saw the beginning of: the first.
  const isKnown = page > 1 && after !== undefined;
  const parts = new URLSearchParams({
    ...(name ? { name } : {}),
    ...(isKnown ? { page: String(page), after } : {}),
  });
  return parts.size > 0 ? `/gallery?${parts}` : "/gallery";
}
