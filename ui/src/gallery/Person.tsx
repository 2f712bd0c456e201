import type { GalleryFace, Identity } from "@similarfaces/contracts/api";
import { Show, createSignal } from "solid-js";
import { deleteFace, deleteIdentity, getIdentity, portraitUrl } from "../api/gallery";
import { ApiFailure } from "../api/request";
import { Link } from "../components/Link";
import { Notice } from "../components/Notice";
import { Portrait } from "../components/Portrait";
import { counted, formatDate } from "../formats";
import { about } from "../installation";
import { navigate } from "../router";
import { Ask } from "./Ask";
import { canEnrol } from "./abilities";
import { createLoaded } from "./createLoaded";
import { MergeDialog } from "./MergeDialog";
import { focusMain, receiptWords, showNews } from "./news";
import { PersonFaces } from "./PersonFaces";
import { PersonName } from "./PersonName";
import { permitted, whole } from "./permission";
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
              <Notice kind="bad" title="Can't open the gallery right now.">
                {why.message} This page keeps trying.
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
        title="This person isn't in the gallery."
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
          <PersonName person={props.person} onChanged={props.onChanged} />
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
              Who agreed, and where the photos come from, is only shown to people who can change the gallery.{" "}
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
          <Notice title="There are no faces of this person left.">
            They can't be compared with anybody any more.
          </Notice>
        }
      >
        <PersonFaces person={props.person} onDelete={setAsked} />
      </Show>
      <Show when={asked() === "delete"}>
        <Ask
          title={`Delete ${props.person.name}?`}
          verb="Delete this person"
          onClose={() => setAsked(undefined)}
          act={async () => {
            const receipt = await permitted(() => deleteIdentity(props.person.id));
            const words = receipt.isUnderWay
              ? `Nobody can find them any more; ${counted(receipt.facesLeft, "face is", "faces are")} still being deleted.`
              : receiptWords(receipt);
            showNews(`${props.person.name} was deleted.`, words);
            navigate("/gallery", { replace: true });
          }}
        >
          {`The name, the consent and ${counted(props.person.faces.length, "face")} are deleted for good. Nobody will be compared with them again.`}
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
              showNews(`A face of ${props.person.name} was deleted.`, receiptWords(receipt));
              props.onChanged();
              focusMain();
            }}
          >
            <span class="person-question">
              <Portrait src={portraitUrl(face.id)} alt="The face to delete" />
              <span>Its portrait and its numbers are deleted for good.</span>
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

/** Without the key, or while the server is away, the page stays as it is. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof ApiFailure)) throw error;
}
