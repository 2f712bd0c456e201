import { Match, Show, Switch } from "solid-js";
import { Notice } from "../components/Notice";
import { query, route } from "../router";
import { AddPerson } from "./AddPerson";
import { Browse } from "./Browse";
import { ImportPage } from "./ImportPage";
import { Person } from "./Person";
import { forgetNews, news } from "./news";
import { KeyDialog } from "./permission";
import "./Gallery.css";

/**
 * `/gallery`, `/gallery/<identity>`, `/gallery/add` and `/gallery/import`. With `?job=<id>&face=<index>` a face of a finished
 * job is to be added.
 */
export default function Gallery() {
  const place = () => {
    const here = route();
    return here.page === "gallery" ? (here.identityId ?? "") : "";
  };
  const isAdding = () => place() === "add" || (place() === "" && query().has("job"));
  return (
    <div class="page gallery">
      <Show when={news()}>
        {(latest) => (
          <Notice isAnnounced title={latest().title} onClose={forgetNews}>
            {latest().text}
          </Notice>
        )}
      </Show>
      <Switch fallback={<Browse />}>
        <Match when={isAdding()}>
          <AddPerson />
        </Match>
        <Match when={place() === "import"}>
          <ImportPage />
        </Match>
        <Match when={place() !== "" && place()} keyed>
          {(identityId) => <Person identityId={identityId} />}
        </Match>
      </Switch>
      <KeyDialog />
    </div>
  );
}
