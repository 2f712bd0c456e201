import { For, Show } from "solid-js";
import { counted } from "../formats";
import type { ImportPlan } from "./importPlan";

const PEOPLE_SHOWN = 200;
const FILES_SHOWN = 200;

/** Who is in a folder, and which files of it are not imported, with the reason. */
export function PlanSummary(props: { plan: ImportPlan }) {
  return (
    <section class="import-plan">
      <p class="import-found">
        {counted(props.plan.people.length, "person", "people")}, {counted(props.plan.photos, "photo")}
      </p>
      <Show when={props.plan.passedOver.length > 0}>
        <FileList
          title={`${counted(props.plan.passedOver.length, "other file is", "other files are")} left out`}
          files={props.plan.passedOver}
        />
      </Show>
      <Show when={props.plan.unnamed.length > 0}>
        <FileList
          title={`${counted(props.plan.unnamed.length, "photo doesn't", "photos don't")} say who is in ${props.plan.unnamed.length === 1 ? "it" : "them"}`}
          help="Put them in a folder named after the person, then choose the folder above it."
          files={props.plan.unnamed.map((path) => ({ path, reason: "" }))}
        />
      </Show>
      <details>
        <summary>Who they are</summary>
        <ul class="import-people">
          <For each={props.plan.people.slice(0, PEOPLE_SHOWN)}>
            {({ name, photos }) => (
              <li>
                <bdi>{name}</bdi> <span class="quiet">{photos.length}</span>
              </li>
            )}
          </For>
        </ul>
        <Show when={props.plan.people.length > PEOPLE_SHOWN}>
          <p class="small quiet">And {(props.plan.people.length - PEOPLE_SHOWN).toLocaleString()} more.</p>
        </Show>
      </details>
    </section>
  );
}

function FileList(props: {
  title: string;
  help?: string;
  files: readonly { path: string; reason: string }[];
}) {
  return (
    <details>
      <summary>{props.title}</summary>
      <Show when={props.help}>{(help) => <p class="small">{help()}</p>}</Show>
      <ul class="refusals">
        <For each={props.files.slice(0, FILES_SHOWN)}>
          {({ path, reason }) => (
            <li>
              <bdi class="refusal-path">{path}</bdi>
              <Show when={reason}>
                <span class="small quiet">{reason}</span>
              </Show>
            </li>
          )}
        </For>
      </ul>
      <Show when={props.files.length > FILES_SHOWN}>
        <p class="small quiet">And {(props.files.length - FILES_SHOWN).toLocaleString()} more.</p>
      </Show>
    </details>
  );
}
