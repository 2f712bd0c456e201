import { For, Show } from "solid-js";
import { counted } from "../formats";
import type { ImportPlan } from "./importPlan";

const PEOPLE_SHOWN = 200;

/** Who is in a folder, and what of it is passed over. */
export function PlanSummary(props: { plan: ImportPlan }) {
  return (
    <section class="import-plan">
      <p class="import-found">
        {counted(props.plan.people.length, "person", "people")}, {counted(props.plan.photos, "photo")}
      </p>
      <Show when={props.plan.passedOver.length > 0}>
        <p class="small quiet">
          {counted(props.plan.passedOver.length, "other file is", "other files are")} passed over:{" "}
          {some(props.plan.passedOver)}
        </p>
      </Show>
      <details>
        <summary>Who</summary>
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

function some(paths: readonly string[]): string {
  return paths.length > 3 ? `${paths.slice(0, 3).join(", ")} and more` : paths.join(", ");
}
