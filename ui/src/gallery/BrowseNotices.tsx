import type { ModelFaces } from "@similarfaces/contracts/api";
import { Match, Show, Switch } from "solid-js";
import { Link } from "../components/Link";
import { Notice } from "../components/Notice";
import { counted } from "../formats";
import { about } from "../installation";
import { hasGallery } from "./abilities";

/** There is nobody, or nobody of that name. */
export function Nobody(props: { name: string; canEnrol: boolean }) {
  return (
    <Show
      when={props.name === ""}
      fallback={
        <Notice
          title={`There's nobody called “${props.name}”.`}
          actions={
            <Link class="button" href="/gallery">
              Show everybody
            </Link>
          }
        />
      }
    >
      <div class="gallery-empty">
        <h2>Nobody is in the gallery yet</h2>
        <p class="quiet">
          The faces in your photos are compared with the people here. Add somebody who agreed to that, or
          import many people at once.
        </p>
        <div class="gallery-actions">
          <Show when={props.canEnrol}>
            <Link class="button button-main" href="/gallery/add">
              Add a person
            </Link>
          </Show>
          <Link class="button" href="/gallery/import">
            Import
          </Link>
        </div>
      </div>
    </Show>
  );
}

/** Faces that are in the gallery and are never found. */
export function NotSearched(props: { others: readonly ModelFaces[] }) {
  const faces = () => props.others.reduce((sum, other) => sum + other.faces, 0);
  const models = () => props.others.map((other) => `${other.faces.toLocaleString()} by ${other.model}`);
  return (
    <Show when={faces() > 0}>
      <Notice
        title={`${counted(faces(), "face is", "faces are")} left out of every comparison: ${faces() === 1 ? "it comes" : "they come"} from another model.`}
      >
        {models().join(", ")}. Whoever runs the server can bring {faces() === 1 ? "it" : "them"} back with{" "}
        <code>npm run gallery -- re-enrol</code>.
      </Notice>
    </Show>
  );
}

/** Why the gallery cannot be shown. */
export function Trouble(props: { code: string; message: string }) {
  return (
    <Switch
      fallback={
        <Notice kind="bad" title="Can't open the gallery right now.">
          {props.message} This page keeps trying.
        </Notice>
      }
    >
      <Match when={!hasGallery()}>
        <Notice title="There's no gallery on this server.">
          It was started without the part that compares faces.
        </Notice>
      </Match>
      <Match when={props.code === "unauthorized" || props.code === "forbidden"}>
        <Notice title="You can't see the gallery from here.">
          {about()?.galleryKey === false
            ? "It has no API key yet, so only the server's own computer can use it, and your photos aren't compared with it. Whoever runs the server can make a key with npm run keys, or set API_KEY."
            : props.message}
        </Notice>
      </Match>
      <Match when={props.code === "bad_request"}>
        <Notice
          kind="bad"
          title="There's no such page."
          actions={
            <Link class="button" href="/gallery">
              Go to the first page
            </Link>
          }
        />
      </Match>
    </Switch>
  );
}
