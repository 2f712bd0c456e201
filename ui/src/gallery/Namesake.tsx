import type { Identity } from "@similarfaces/contracts/api";
import { Show, createEffect, createSignal, on, onCleanup } from "solid-js";
import { Link } from "../components/Link";
import { counted } from "../formats";
import { namesakeOf } from "./namesakes";

const TYPING_MS = 300;

/** Two people may have one name; more often it is the same one. */
export function Namesake(props: {
  name: string;
  jobId: string | undefined;
  face: number;
  /** It is somebody else of the same name. */
  isNamesake: boolean;
  onNamesake: (isNamesake: boolean) => void;
}) {
  const [known, setKnown] = createSignal<Identity>();
  createEffect(
    on(
      () => props.name,
      (typed) => {
        setKnown(undefined);
        props.onNamesake(false);
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
        <div class="form">
          <p class="small" role="status">
            <bdi>{person.name}</bdi> is already in the gallery, with {counted(person.faces.length, "face")}.
            If this is the same person, <Link href={addressOf(person)}>add the face to them</Link>.
          </p>
          <label class="check small">
            <input
              type="checkbox"
              checked={props.isNamesake}
              onChange={(event) => props.onNamesake(event.currentTarget.checked)}
            />
            <span>This is somebody else with the same name</span>
          </label>
        </div>
      )}
    </Show>
  );

  async function find(typed: string): Promise<void> {
    const namesake = await namesakeOf(typed).catch(() => undefined);
    if (props.name === typed) setKnown(namesake);
  }
}
