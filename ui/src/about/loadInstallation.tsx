import type { About } from "@similarfaces/contracts/api";
import { Show, createResource, type Accessor } from "solid-js";
import { getAbout } from "../api/installation";
import { failureOf } from "../api/request";
import { Notice } from "../components/Notice";

export interface LoadedInstallation {
  /** Undefined until it is known. */
  known: Accessor<About | undefined>;
  error: Accessor<unknown>;
  again: () => void;
}

/** What this server is and keeps, asked for when the page is opened. */
export function loadInstallation(): LoadedInstallation {
  const [about, { refetch }] = createResource(getAbout);
  return {
    // Reading a resource that is not there yet would take the whole page away.
    known: () => (about.state === "ready" || about.state === "refreshing" ? about.latest : undefined),
    error: () => about.error as unknown,
    again: () => void refetch(),
  };
}

/** Why it is not known, and the way to ask again. */
export function InstallationTrouble(props: { installation: LoadedInstallation }) {
  return (
    <Show when={props.installation.error()} keyed>
      {(error) => (
        <Notice
          kind="bad"
          title="Can't load the details of this server."
          actions={
            <button class="button" onClick={() => props.installation.again()}>
              Try again
            </button>
          }
        >
          {failureOf(error).message}
        </Notice>
      )}
    </Show>
  );
}
