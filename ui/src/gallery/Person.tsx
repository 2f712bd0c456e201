import { checkedName } from "@similarfaces/contracts/galleryText";
import { For, Show, createSignal, type JSX } from "solid-js";
import type { GalleryFace, Identity } from "@similarfaces/contracts/api";
import {
  ApiFailure,
  deleteFace,
  deleteIdentity,
  galleryStatistics,
  getIdentity,
  portraitUrl,
  renameIdentity,
} from "../api";
import { Dialog } from "../components/Dialog";
import { Link } from "../components/Link";
import { Notice } from "../components/Notice";
import { Portrait } from "../components/Portrait";
import { counted, formatDate, formatTime } from "../formats";
import { about } from "../installation";
import { navigate } from "../router";
import { canEnrol } from "./abilities";
import { createLoaded } from "./createLoaded";
import { MergeDialog } from "./MergeDialog";
import { focusMain, receiptWords, tell } from "./news";
import { permitted, refusalOf, whole } from "./permission";
import { textProblem } from "./textProblem";
import "./Person.css";

/** One person: the faces, the consent, and what can be changed. */
export function Person(props: { identityId: string }) {
  const loaded = createLoaded(() => props.identityId, getIdentity);
  return (
    <Show
      when={loaded.failure()?.code === "identity_not_found"}
      fallback={
        <>
          <Show when={loaded.failure()} keyed>
            {(why) => (
              <Notice kind="bad" title="The gallery cannot be read just now.">
                {why.message} This page tries again by itself.
              </Notice>
            )}
          </Show>
          <Show when={loaded.value()}>
            {(person) => <KnownPerson person={person()} onChanged={loaded.reload} />}
          </Show>
        </>
      }
    >
      <Notice
        title="This person is not in the gallery (any more)."
        actions={
          <Link class="button" href="/gallery">
            Everybody in the gallery
          </Link>
        }
      />
    </Show>
  );
}

function KnownPerson(props: { person: Identity; onChanged: () => void }) {
  const [asked, setAsked] = createSignal<"delete" | "merge" | GalleryFace>();
  const statistics = createLoaded(() => "", galleryStatistics);
  const isCompared = (face: GalleryFace) =>
    statistics.value() === undefined || statistics.value()!.model === face.model;
  const askedFace = () => {
    const question = asked();
    return typeof question === "object" ? question : undefined;
  };
  const showAll = async () => {
    const { id } = props.person;
    await whole(
      () => getIdentity(id),
      ({ consent }) => consent !== undefined,
    ).then(props.onChanged, unlessRefused);
  };
  return (
    <>
      <header class="gallery-head">
        <div>
          <Link class="small gallery-back" href="/gallery">
            Everybody in the gallery
          </Link>
          <Name person={props.person} onChanged={props.onChanged} />
          <p class="quiet">
            {counted(props.person.faces.length, "face")}, in the gallery since{" "}
            {formatDate(props.person.createdAtMs)}
          </p>
        </div>
        <div class="gallery-actions">
          <Show when={canEnrol()}>
            <Link class="button button-main" href={`/gallery/add?identity=${props.person.id}`}>
              Add photos
            </Link>
          </Show>
          <button class="button" onClick={() => setAsked("merge")}>
            Merge
          </button>
          <button class="button button-bad" onClick={() => setAsked("delete")}>
            Delete
          </button>
        </div>
      </header>
      <section class="person-consent">
        <h2 class="small quiet">Consent</h2>
        <Show
          when={props.person.consent}
          fallback={
            <p class="quiet">
              Who agreed, and where the photos are from, is shown to those who may change the gallery.{" "}
              <Show when={about()?.galleryKey}>
                <button class="link" onClick={() => void showAll()}>
                  Show it
                </button>
              </Show>
            </p>
          }
        >
          <blockquote dir="auto">{props.person.consent}</blockquote>
        </Show>
      </section>
      <Show
        when={props.person.faces.length > 0}
        fallback={
          <Notice title="No face of this person is left.">They are not compared with anybody.</Notice>
        }
      >
        <ul class="person-faces" aria-label="Faces">
          <For each={props.person.faces}>
            {(face, index) => (
              <li class="person-face">
                <Portrait src={portraitUrl(face.id)} alt={`Face ${index() + 1} of ${props.person.name}`} />
                <Show when={face.source !== undefined}>
                  <bdi class="person-source" title={face.source}>
                    {face.source || "no note where it is from"}
                  </bdi>
                </Show>
                <time class="small quiet" datetime={new Date(face.createdAtMs).toISOString()}>
                  {formatTime(face.createdAtMs)}
                </time>
                <Show when={!isCompared(face)}>
                  <span class="small">
                    Made by another model ({face.model}): not compared. Add the photo again.
                  </span>
                </Show>
                <button
                  class="button button-plain small person-face-delete"
                  aria-label={`Delete face ${index() + 1}`}
                  onClick={() => setAsked(face)}
                >
                  Delete
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Show when={asked() === "delete"}>
        <Ask
          title={`Delete ${props.person.name}?`}
          verb="Delete this person"
          onClose={() => setAsked(undefined)}
          act={async () => {
            const receipt = await permitted(() => deleteIdentity(props.person.id));
            tell(`${props.person.name} was deleted.`, receiptWords(receipt));
            navigate("/gallery", { replace: true });
          }}
        >
          {`The name, the consent and ${counted(props.person.faces.length, "face")} are removed for good, and are found by no comparison any more.`}
        </Ask>
      </Show>
      <Show when={askedFace()} keyed>
        {(face) => (
          <Ask
            title="Delete this face?"
            verb="Delete this face"
            onClose={() => setAsked(undefined)}
            act={async () => {
              const receipt = await permitted(() => deleteFace(face.id));
              tell(`A face of ${props.person.name} was deleted.`, receiptWords(receipt));
              props.onChanged();
              focusMain();
            }}
          >
            <span class="person-question">
              <Portrait src={portraitUrl(face.id)} alt="The face that would be deleted" />
              <span>Its portrait and its numbers are removed for good.</span>
            </span>
          </Ask>
        )}
      </Show>
      <Show when={asked() === "merge"}>
        <MergeDialog person={props.person} onClose={() => setAsked(undefined)} />
      </Show>
    </>
  );
}

/** Without the key the page stays as it is; so it does while the server is away, which it says elsewhere. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof ApiFailure)) throw error;
}

/** The name as a heading, or a field while it is changed. */
function Name(props: { person: Identity; onChanged: () => void }) {
  const [draft, setDraft] = createSignal<string>();
  const [failure, setFailure] = createSignal<string>();
  let button: HTMLButtonElement | undefined;
  const close = () => {
    setDraft(undefined);
    setFailure(undefined);
    button?.focus();
  };
  return (
    <Show
      when={draft() !== undefined}
      fallback={
        <div class="person-title">
          <h1>
            <bdi>{props.person.name}</bdi>
          </h1>
          <button ref={button} class="button button-plain small" onClick={() => setDraft(props.person.name)}>
            Rename
          </button>
        </div>
      }
    >
      <form
        class="person-title"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
        onKeyDown={(event) => event.key === "Escape" && close()}
      >
        <input
          ref={(field) => queueMicrotask(() => field.select())}
          class="input person-rename"
          aria-label="Name"
          maxlength="200"
          value={draft()}
          aria-invalid={failure() !== undefined}
          aria-describedby="rename-error"
          onInput={(event) => setDraft(event.currentTarget.value)}
        />
        <button class="button button-main">Save</button>
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        <p id="rename-error" class="small form-error" role="alert">
          {failure()}
        </p>
      </form>
    </Show>
  );

  async function save(): Promise<void> {
    const name = (draft() ?? "").trim();
    if (name === props.person.name) return close();
    const problem = textProblem(() => checkedName(name));
    if (problem !== undefined) {
      setFailure(problem);
      return;
    }
    try {
      const renamed = await permitted(() => renameIdentity(props.person.id, name));
      tell(`${props.person.name} is ${renamed.name} now.`);
      props.onChanged();
      close();
    } catch (error) {
      setFailure(refusalOf(error));
    }
  }
}

/** A question before something that cannot be undone. */
function Ask(props: {
  title: string;
  verb: string;
  children: JSX.Element;
  onClose: () => void;
  act: () => Promise<void>;
}) {
  const [failure, setFailure] = createSignal<string>();
  const [isBusy, setBusy] = createSignal(false);
  const act = async () => {
    setBusy(true);
    try {
      await props.act();
      props.onClose();
    } catch (error) {
      setFailure(refusalOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={props.title}
      onClose={() => props.onClose()}
      actions={
        <>
          <button class="button" onClick={() => props.onClose()}>
            Keep
          </button>
          <button class="button button-bad" disabled={isBusy()} onClick={() => void act()}>
            {props.verb}
          </button>
        </>
      }
    >
      <div>{props.children}</div>
      <Show when={failure()} keyed>
        {(why) => (
          <Notice kind="bad" title="Nothing was deleted.">
            {why}
          </Notice>
        )}
      </Show>
    </Dialog>
  );
}
