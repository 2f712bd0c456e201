import { createSignal, onCleanup } from "solid-js";
import { navigate } from "../router";

/** After the last key, before the gallery is asked. */
const TYPING_MS = 250;

/** A part of a name, which becomes the page's address. */
export function SearchPeople(props: { value: string }) {
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
