import { For, Match, Show, Switch, createSignal, onCleanup } from "solid-js";
import type { Identity, IdentityPage } from "@similarfaces/contracts/api";
import { announce } from "../announce";
import { galleryStatistics, listIdentities, portraitUrl } from "../api";
import { Link } from "../components/Link";
import { Notice } from "../components/Notice";
import { Portrait } from "../components/Portrait";
import { counted } from "../formats";
import { about } from "../installation";
import { navigate, query } from "../router";
import { canCompare, canEnrol, hasGallery } from "./abilities";
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
  const statistics = createLoaded(() => "", galleryStatistics);
  const people = createLoaded(() => query().toString(), loadPage);
  const total = () => people.value()?.total ?? 0;
  const isEmpty = () => people.value() !== undefined && total() === 0;

  return (
    <>
      <header class="gallery-head">
        <div>
          <h1>Gallery</h1>
          <p class="quiet">
            <Show when={statistics.value()} fallback={" "} keyed>
              {(known) =>
                `${counted(known.identities, "person", "people")}, ${counted(known.faces, "face")}. New faces are compared with them.`
              }
            </Show>
          </p>
        </div>
        <Show when={canCompare()}>
          <div class="gallery-actions">
            <Show when={canEnrol()}>
              <Link class="button button-main" href="/gallery/add">
                Add a person
              </Link>
              <Link class="button" href="/gallery/import">
                Import
              </Link>
            </Show>
            <ExportButton faces={statistics.value()?.faces} />
          </div>
        </Show>
      </header>
      <Show when={canCompare()}>
        <Search value={name()} />
      </Show>
      <Show when={people.failure()} keyed>
        {(why) => <Trouble code={why.code} message={why.message} />}
      </Show>
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
        <Show when={people.value()} keyed>
          {(shown) => <Pager page={shown} />}
        </Show>
      </Show>
    </>
  );
}

/** What one address shows, as it was loaded. */
interface PageOfPeople extends IdentityPage {
  name: string;
  number: number;
}

async function loadPage(address: string): Promise<PageOfPeople> {
  const asked = new URLSearchParams(address);
  const name = asked.get("name") ?? "";
  const pageToken = asked.get("after") ?? "";
  const number = pageToken === "" ? 1 : Math.max(2, Math.floor(Number(asked.get("page"))) || 2);
  const found = await listIdentities({ name, pageSize: PAGE_SIZE, pageToken });
  const known = beginnings.get(name) ?? [""];
  known[number - 1] = pageToken;
  if (found.nextPageToken !== "") known[number] = found.nextPageToken;
  beginnings.set(name, known);
  if (name !== "") announce(`${counted(found.total, "person", "people")} found`);
  return { ...found, name, number };
}

function Pager(props: { page: PageOfPeople }) {
  const hasNext = () => props.page.nextPageToken !== "";
  /** A page of people with very many faces is shorter, so that it may take more of them than are counted here. */
  const pages = () =>
    Math.max(Math.ceil(props.page.total / PAGE_SIZE), props.page.number + (hasNext() ? 1 : 0));
  const to = (number: number) => addressOf(props.page.name, number);
  return (
    <Show when={pages() > 1}>
      <nav class="pager" aria-label="Pages of people">
        <Turn label="Previous" href={props.page.number > 1 ? to(props.page.number - 1) : undefined} />
        <span>
          Page {props.page.number.toLocaleString()} of {pages().toLocaleString()}
        </span>
        <Turn label="Next" href={hasNext() ? to(props.page.number + 1) : undefined} />
      </nav>
    </Show>
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
      keyed
      fallback={
        <span class="button" aria-disabled="true">
          {props.label}
        </span>
      }
    >
      {(href) => (
        <Link class="button" href={href} onClick={() => scrollTo(0, 0)}>
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
    <Switch
      fallback={
        <Notice kind="bad" title="The gallery cannot be read just now.">
          {props.message} This page tries again by itself.
        </Notice>
      }
    >
      <Match when={!hasGallery()}>
        <Notice title="This installation compares no faces.">
          Its stages do not include match, which keeps the gallery.
        </Notice>
      </Match>
      <Match when={props.code === "unauthorized" || props.code === "forbidden"}>
        <Notice title="The gallery is closed to this page.">
          {about()?.galleryKey === false
            ? "There is no API key, so it is for the server's own machine alone, and photos are not compared with it. Whoever runs it makes one with npm run keys, or sets API_KEY."
            : props.message}
        </Notice>
      </Match>
      <Match when={props.code === "bad_request"}>
        <Notice
          kind="bad"
          title="There is no such page."
          actions={
            <Link class="button" href="/gallery">
              Start at the first
            </Link>
          }
        />
      </Match>
    </Switch>
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
