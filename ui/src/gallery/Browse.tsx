import type { Identity } from "@similarfaces/contracts/api";
import { For, Show } from "solid-js";
import { galleryStatistics, portraitUrl } from "../api/gallery";
import { Link } from "../components/Link";
import { Portrait } from "../components/Portrait";
import { counted } from "../formats";
import { query } from "../router";
import { canCompare, canEnrol } from "./abilities";
import { createLoaded } from "./createLoaded";
import { ExportButton } from "./ExportButton";
import { Nobody, NotSearched, Trouble } from "./BrowseNotices";
import { Pager } from "./Pager";
import { loadPage } from "./peoplePages";
import { SearchPeople } from "./SearchPeople";
import "./Browse.css";

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
                `${counted(known.identities, "person", "people")}, ${counted(known.faces, "face")}. Every new face is compared with them.`
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
        <SearchPeople value={name()} />
      </Show>
      <Show when={people.failure()} keyed>
        {(why) => <Trouble code={why.code} message={why.message} />}
      </Show>
      <NotSearched others={statistics.value()?.notSearched ?? []} />
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
