import { Show } from "solid-js";
import { analyzers } from "../analyzers";
import { Link } from "../components/Link";
import { Notice } from "../components/Notice";
import { formatBytes } from "../formats";
import { Contracts } from "./Contracts";
import { createStatus } from "./createStatus";
import { Diagram } from "./Diagram";
import { KeptTable } from "./Kept";
import { Models } from "./Models";
import { SendExample } from "./SendExample";
import { InstallationTrouble, loadInstallation } from "./loadInstallation";
import "./About.css";

/** `/about/engineers`: the stages at work, the models with what was measured of them, what is stored where, and the messages. */
export default function Engineers() {
  const installation = loadInstallation();
  const { known } = installation;
  const status = createStatus();
  return (
    <div class="page about">
      <header class="about-head">
        <p class="small">
          <Link href="/about">What happens to your photo</Link>
        </p>
        <h1>How it works, for engineers</h1>
        <p class="about-lead">
          A photo is searched for faces once. Each face then goes to every model at the same time, and each
          answer is sent to the viewer the moment it is published. Nothing is computed twice.
        </p>
      </header>
      <InstallationTrouble installation={installation} />
      <section aria-labelledby="about-stages">
        <h2 id="about-stages" class="visually-hidden">
          The stages right now
        </h2>
        <Show when={status.trouble()} keyed>
          {(trouble) => <Notice title="These figures aren't live right now.">{trouble}</Notice>}
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
        {(about) => (
          <>
            <section aria-labelledby="about-models">
              <h2 id="about-models">The models, and how often they are wrong</h2>
              <p class="about-text">
                Measured on photos that no model was trained on. Averages hide a lot, so figures are shown per
                group wherever they are known.
              </p>
              <Show
                when={about.models.length + analyzers().length > 0}
                fallback={
                  <Notice title="This server doesn't have its models' descriptions.">
                    On a cluster they are stored next to the stages. Every answer names the model that gave
                    it.
                  </Notice>
                }
              >
                <Models models={about.models} store={status} />
              </Show>
            </section>
            <section aria-labelledby="about-stored">
              <h2 id="about-stored">What is stored, and where</h2>
              <p class="about-text">
                A deletion removes a job from every one of these stores, looks again for whatever was still on
                its way, and returns what it found in each. No photo, landmark or embedding is written to a
                log, a metric or a trace.
              </p>
              <KeptTable retention={about.retention} hasPlaces />
              <pre class="command" tabindex="0">
                <code>{`curl -X DELETE ${location.origin}/v1/jobs/<job>`}</code>
              </pre>
            </section>
            <section aria-labelledby="about-contracts">
              <h2 id="about-contracts">The messages</h2>
              <p class="about-text">
                This is all that the parts know about each other. Outside programs get the same as JSON, over
                HTTP, server-sent events or WebSocket.
              </p>
              <Contracts contracts={about.contracts} />
            </section>
            <footer class="small quiet">
              similarfaces {about.version}. Photos of up to {formatBytes(about.limits.bodyBytesMax)} and{" "}
              {Math.round(about.limits.pixelsMax / 1e6)} megapixels, with up to {about.limits.facesMax} faces
              each.
            </footer>
          </>
        )}
      </Show>
    </div>
  );
}
