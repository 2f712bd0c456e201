import type { Identity } from "@similarfaces/contracts/api";
import { checkedName } from "@similarfaces/contracts/galleryText";
import { Show, createSignal } from "solid-js";
import { renameIdentity } from "../api/gallery";
import { showNews } from "./news";
import { permitted, refusalOf } from "./permission";
import { textProblem } from "./textProblem";

/** The name as a heading, or a field while it is changed. */
export function PersonName(props: { person: Identity; onChanged: () => void }) {
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
      showNews(`${props.person.name} is now called ${renamed.name}.`);
      props.onChanged();
      close();
    } catch (error) {
      setFailure(refusalOf(error));
    }
  }
}
