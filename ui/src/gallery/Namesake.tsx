import type { Identity } from "@similarfaces/contracts/api";
import { Show, createEffect, createSignal, on, onCleanup } from "solid-js";
import { listIdentities } from "../api/gallery";
import { Link } from "../components/Link";
import { counted } from "../formats";

const TYPING_MS = 300;

/** Two people may have one name; more often it is the same one. */
export function Namesake(props: { name: string; jobId: string | undefined; face: number }) {
  const [known, setKnown] = createSignal<Identity>();
  createEffect(
    on(
      () => props.name,
      (typed) => {
        setKnown(undefined);
        if (typed.trim() === "") return;
        const timer = setTimeout(() => void find(typed), TYPING_MS);
        onCleanup(() => clearTimeout(timer));
      },
    ),
  );
  const addressOf = ({ id }: Identity) => {
    const parts = new URLSearchParams({ identity: id });
    if (props.jobId) {
      parts.set("job", props.jobId);
      parts.set("face", String(props.face));
    }
    return `/gallery/add?${parts}`;
  };
  return (
    <Show when={known()} keyed>
      {(person) => (
        <p class="small" role="status">
          <bdi>{person.name}</bdi> is already in the gallery, with {counted(person.faces.length, "face")}. If
          this is the same person, <Link href={addressOf(person)}>add the face to them</Link>.
        </p>
      )}
    </Show>
  );

  async function find(typed: string): Promise<void> {
    const wanted = typed.trim().toLocaleLowerCase();
    const { identities } = await listIdentities({ name: typed.trim(), pageSize: 20 }).catch(() => ({
      identities: [],
    }));
    if (props.name === typed) setKnown(identities.find(({ name }) => name.toLocaleLowerCase() === wanted));
  }
}
