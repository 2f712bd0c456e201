import { For, Show, createSignal } from "solid-js";
import type { Identity } from "@similarfaces/contracts/api";
import { listIdentities, mergeIdentity, portraitUrl } from "../api/gallery";
import { Dialog } from "../components/Dialog";
import { Notice } from "../components/Notice";
import { Portrait } from "../components/Portrait";
import { counted } from "../formats";
import { navigate } from "../router";
import { createLoaded } from "./createLoaded";
import { showNews } from "./news";
import { permitted, refusalOf } from "./permission";
import "./MergeDialog.css";

const SHOWN = 12;
const TYPING_MS = 250;

/** Two entries of one person become one: this one's faces go to the other, which keeps its name and consent. */
export function MergeDialog(props: { person: Identity; onClose: () => void }) {
  const [name, setName] = createSignal("");
  const [into, setInto] = createSignal<Identity>();
  const [failure, setFailure] = createSignal<string>();
  const [isBusy, setBusy] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const found = createLoaded(name, (typed) => listIdentities({ name: typed, pageSize: SHOWN + 1 }));
  const others = () =>
    (found.value()?.identities ?? []).filter(({ id }) => id !== props.person.id).slice(0, SHOWN);
  const more = () => Math.max(0, (found.value()?.total ?? 0) - 1 - others().length);

  const merge = async (target: Identity) => {
    setBusy(true);
    try {
      const merged = await permitted(() => mergeIdentity(props.person.id, target.id));
      showNews(
        `${props.person.name} is now part of ${merged.name}.`,
        `${merged.name} has ${counted(merged.faces.length, "face")}.`,
      );
      props.onClose();
      navigate(`/gallery/${merged.id}`, { replace: true });
    } catch (error) {
      setFailure(refusalOf(error));
      setBusy(false);
    }
  };

  return (
    <Dialog
      title={`Merge ${props.person.name} with somebody`}
      onClose={() => props.onClose()}
      actions={
        <>
          <button class="button" onClick={() => props.onClose()}>
            Cancel
          </button>
          <button
            class="button button-main"
            disabled={!into() || isBusy()}
            onClick={() => into() && void merge(into()!)}
          >
            Merge
          </button>
        </>
      }
    >
      <input
        class="input"
        type="search"
        aria-label="Search for the person to merge with"
        placeholder="Search by name"
        maxlength="200"
        autofocus
        onInput={(event) => {
          const typed = event.currentTarget.value.trim();
          clearTimeout(timer);
          timer = setTimeout(() => setName(typed), TYPING_MS);
        }}
      />
      <fieldset class="merge-choice">
        <legend class="visually-hidden">The person to merge with</legend>
        <For
          each={others()}
          fallback={<p class="quiet">{found.isLoading() ? "" : "There's nobody else."}</p>}
        >
          {(other) => (
            <label class="merge-person">
              <input
                type="radio"
                name="into"
                checked={into()?.id === other.id}
                onChange={() => setInto(other)}
              />
              <Portrait src={other.faces[0] && portraitUrl(other.faces[0].id)} alt="" />
              <bdi class="person-name">{other.name}</bdi>
              <span class="small quiet">{counted(other.faces.length, "face")}</span>
            </label>
          )}
        </For>
      </fieldset>
      <Show when={more() > 0}>
        <p class="small quiet">And {more().toLocaleString()} more: search by name.</p>
      </Show>
      <p>
        <Show when={into()} fallback="Choose who stays. They keep their name and their consent." keyed>
          {(target) => (
            <>
              {counted(props.person.faces.length, "face")} of <bdi>{props.person.name}</bdi>{" "}
              {props.person.faces.length === 1 ? "moves" : "move"} to <bdi>{target.name}</bdi>, whose name and
              consent stay. After that, <bdi>{props.person.name}</bdi> is gone from the gallery.
            </>
          )}
        </Show>
      </p>
      <Show when={failure()} keyed>
        {(why) => (
          <Notice kind="bad" title="They haven't been merged.">
            {why}
          </Notice>
        )}
      </Show>
    </Dialog>
  );
}
