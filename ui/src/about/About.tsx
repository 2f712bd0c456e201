import { Show, createResource } from "solid-js";
import { getAbout } from "../api/installation";
import { analyzers } from "../analyzers";
import { failureOf } from "../api/request";
import { Notice } from "../components/Notice";
import { formatBytes } from "../formats";
import { Contracts } from "./Contracts";
import { createStatus } from "./createStatus";
import { Diagram } from "./Diagram";
import { Models } from "./Models";
import { Privacy } from "./Privacy";
import { SendExample } from "./SendExample";
import "./About.css";

/** What happens to a photo, what the models are worth, and what is kept. */
export default function About() {
  const [about, { refetch }] = createResource(getAbout);
  const status = createStatus();
  /** Reading a resource that is not there yet would take the whole page away. */
  const known = () => (about.state === "ready" || about.state === "refreshing" ? about.latest : undefined);
  return (
    <div class="page about">
      <header class="about-head">
        <h1>What happens to a photo</h1>
        <p class="about-lead">
          It is looked at once for faces. Each face then goes to every model at the same time, and whatever a
          model answers is sent to you the moment it is made. Nothing is computed twice, nothing is remembered
          longer than it says below.
        </p>
      </header>
      <Show when={about.error as unknown} keyed>
        {(error) => (
          <Notice
            kind="bad"
            title="The description of this installation could not be loaded."
            actions={
              <button class="button" onClick={() => void refetch()}>
                Try again
              </button>
            }
          >
            {failureOf(error).message}
          </Notice>
        )}
      </Show>
      <section aria-labelledby="about-stages">
        <h2 id="about-stages" class="visually-hidden">
          The stages, now
        </h2>
        <Show when={status.trouble()} keyed>
          {(trouble) => <Notice title="The figures stand still.">{trouble}</Notice>}
        </Show>
        <Diagram
          store={status}
          stages={known()?.stages ?? status.status()?.stages.map(({ stage }) => stage)}
        />
        <SendExample />
        <ul class="about-links">
          <li>
            <a href="/v1/openapi.json">The whole API (OpenAPI 3.1)</a>
          </li>
          <li>
            <a href="/v1/status">These figures as JSON</a>
          </li>
        </ul>
      </section>
      <Show when={known()} keyed>
        {(installation) => (
          <>
            <section aria-labelledby="about-models">
              <h2 id="about-models">The models, and how often they are wrong</h2>
              <p class="about-text">
                Measured on photos that no model was trained with. Averages hide a lot: where the figures are
                known per group, they are shown per group.
              </p>
              <Show
                when={installation.models.length + analyzers().length > 0}
                fallback={
                  <Notice title="The models of this installation are elsewhere.">
                    On a cluster they lie beside their stages; every answer names the model that made it.
                  </Notice>
                }
              >
                <Models models={installation.models} store={status} />
              </Show>
            </section>
            <section aria-labelledby="about-privacy">
              <h2 id="about-privacy">What is stored, and what this is not for</h2>
              <Privacy retention={installation.retention} />
            </section>
            <section aria-labelledby="about-contracts">
              <h2 id="about-contracts">The messages</h2>
              <p class="about-text">
                All that the parts know of one another. Programs outside get the same as JSON, by HTTP,
                server-sent events or WebSocket.
              </p>
              <Contracts contracts={installation.contracts} />
            </section>
            <footer class="small quiet">
              similarfaces {installation.version}. Photos of up to{" "}
              {formatBytes(installation.limits.bodyBytesMax)} and{" "}
              {Math.round(installation.limits.pixelsMax / 1e6)} megapixels, {installation.limits.facesMax}{" "}
              faces each.
            </footer>
          </>
        )}
      </Show>
    </div>
  );
}
