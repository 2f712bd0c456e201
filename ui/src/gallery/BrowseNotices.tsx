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
          title={`Nobody's name has “${props.name}” in it.`}
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
          Analysed faces are compared with the people here. Add somebody who agreed to it from a photo, or
          import a folder with one folder per person.
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
        title={`No search finds ${counted(faces(), "face")}: another model made ${faces() === 1 ? "it" : "them"}.`}
      >
        {models().join(", ")}. Whoever runs the server makes {faces() === 1 ? "it" : "them"} anew with{" "}
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
        <Notice kind="bad" title="The gallery cannot be read just now.">
          {props.message} This page tries again by itself.
        </Notice>
      }
    >
      <Match when={!hasGallery()}>
        <Notice title="This installation compares no faces.">
          Its stages do not include match, which keeps the gallery.
        </Notice>
      </Match>
      <Match when={props.code === "unauthorized" || props.code === "forbidden"}>
        <Notice title="The gallery is closed to this page.">
          {about()?.galleryKey === false
            ? "There is no API key, so it is for the server's own machine alone, and photos are not compared with it. Whoever runs it makes one with npm run keys, or sets API_KEY."
            : props.message}
        </Notice>
      </Match>
      <Match when={props.code === "bad_request"}>
        <Notice
          kind="bad"
          title="There is no such page."
          actions={
            <Link class="button" href="/gallery">
              Start at the first
            </Link>
          }
        />
      </Match>
    </Switch>
  );
}
