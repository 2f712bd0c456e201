import { For } from "solid-js";
import type { About } from "@similarfaces/contracts/api";
import { Link } from "../components/Link";
import { formatMs } from "../formats";
import { VisitDeletion } from "./VisitDeletion";
import "./Privacy.css";

interface Kept {
  what: string;
  where: string;
  howLong: string;
}

/** What is stored, where and for how long, and what the answers must not be used for. */
export function Privacy(props: { retention: About["retention"] }) {
  const ttl = () => formatMs(props.retention.jobTtlMs);
  const kept = (): Kept[] => [
    {
      what: "The photo, as you sent it",
      where: "blob store",
      howLong: "until its faces are found, usually under a second",
    },
    {
      what: "An upright copy without metadata, and each face cut out",
      where: "blob store",
      howLong: ttl(),
    },
    {
      what: "Cut-out faces on their way to the models",
      where: "work streams of the broker",
      howLong: `until the last model has answered, at most ${ttl()}`,
    },
    {
      what: "The answers: boxes, guesses, and 512 numbers per face",
      where: "result stream of the broker",
      howLong: ttl(),
    },
    {
      what: "People of the gallery: name, consent, portraits, numbers, name of the photo's file",
      where: "gallery",
      howLong: "until they are deleted",
    },
    {
      what: "The API key, and which photos you sent in this visit",
      where: "this tab of your browser",
      howLong: "until it is closed",
    },
  ];
  return (
    <>
      <div class="scroller kept-scroller" tabindex="0" role="region" aria-label="What is stored">
        <table class="kept">
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Where</th>
              <th scope="col">How long</th>
            </tr>
          </thead>
          <tbody>
            <For each={kept()}>
              {({ what, where, howLong }) => (
                <tr>
                  <th scope="row">{what}</th>
                  <td>{where}</td>
                  <td>{howLong}</td>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
      <div class="promises">
        <section>
          <h3>Delete it now</h3>
          <p>
            Every photo has a button for that. It removes the photo, the faces, the answers and whatever is
            still on its way, looks a second time, and shows what it found in each store. From the command
            line:
          </p>
          <pre class="command" tabindex="0">
            <code>{`curl -X DELETE ${location.origin}/v1/jobs/<job>`}</code>
          </pre>
          <VisitDeletion />
        </section>
        <section>
          <h3>Nobody joins the gallery by being analysed</h3>
          <p>
            A face is compared with the gallery and forgotten. It is added only by somebody who says who
            agreed to it, and to what; those words are stored with the face.{" "}
            <Link href="/gallery">Whoever is in it</Link> can be deleted there, and is then gone from every
            comparison.
          </p>
        </section>
        <section>
          <h3>Nothing leaves, nothing is learned</h3>
          <p>
            All models run in this installation. No photo, landmark or number of a face is written to a log, a
            metric or a trace, and none is used for training. The page loads nothing from elsewhere.
          </p>
        </section>
        <section>
          <h3>What the labels are not</h3>
          <p>
            The answers are guesses from pixels, by models that learned from labels which others gave to
            photos. They say nothing about who somebody is, feels or wants to be, they are wrong more often
            for some groups than for others (the figures above say how much), and they are often wrong for an
            individual.
          </p>
        </section>
        <section>
          <h3>Not for deciding about people</h3>
          <p>
            Do not use this to watch people, to find out who a stranger is, or for decisions about work,
            credit, insurance, policing, borders or access. Likeness here is for looking around in a gallery
            of people who agreed to be in it. Many countries restrict this kind of processing by law; ask
            before, not after.
          </p>
        </section>
      </div>
    </>
  );
}
