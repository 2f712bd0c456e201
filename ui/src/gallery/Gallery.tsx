import { Match, Show, Switch, createEffect, on } from "solid-js";
import { Link } from "../components/Link";
import { Notice } from "../components/Notice";
import { query, route } from "../router";
import { AddPerson } from "./AddPerson";
import { canEnrol, hasEnrolment } from "./abilities";
import { Browse } from "./Browse";
import { ImportPage } from "./ImportPage";
import { Person } from "./Person";
import { focusMain, forgetNews, news } from "./news";
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
  // Another part of the gallery is another page: it starts at its beginning, for the eye and for the keyboard.
  createEffect(
    on(
      place,
      () => {
        scrollTo(0, 0);
        focusMain();
      },
      { defer: true },
    ),
  );
  const isAdding = () => place() === "add" || (place() === "" && query().has("job"));
  return (
    <div class="page gallery">
      <Show when={news()} keyed>
        {(latest) => (
          <Notice isAnnounced title={latest.title} onClose={forgetNews}>
            {latest.text}
          </Notice>
        )}
      </Show>
      <Switch fallback={<Browse />}>
        <Match when={(isAdding() || place() === "import") && !canEnrol()}>
          <NoEnrolment />
        </Match>
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

function NoEnrolment() {
  return (
    <Notice
      title={
        hasEnrolment() ? "You can't change the gallery from here." : "Nobody can be added on this server."
      }
      actions={
        <Link class="button" href="/gallery">
          Everybody in the gallery
        </Link>
      }
    >
      {hasEnrolment()
        ? "The gallery has no API key yet, so only the server's own computer can use it. Whoever runs the server can make a key with npm run keys, or set API_KEY."
        : "It was started without the part that adds faces to a gallery."}
    </Notice>
  );
}
