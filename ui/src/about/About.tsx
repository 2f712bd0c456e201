import { Show } from "solid-js";
import { Link } from "../components/Link";
import { durationWords } from "../formats";
import { KeptTable } from "./Kept";
import { VisitDeletion } from "./VisitDeletion";
import { InstallationTrouble, loadInstallation } from "./loadInstallation";
import "./About.css";

/** `/about`, for everybody: what happens to your photo, what is kept of it, and what the answers are not. */
export default function About() {
  const installation = loadInstallation();
  return (
    <div class="page about">
      <header class="about-head">
        <h1>What happens to your photo</h1>
        <p class="about-lead">
          This server looks for faces in it and asks several models about each one. You see every answer as
          soon as there is one. Then everything is deleted
          <Show when={installation.known()} keyed>
            {({ retention }) => `, ${durationWords(retention.jobTtlMs)} after you sent it`}
          </Show>
          .
        </p>
      </header>
      <InstallationTrouble installation={installation} />
      <div class="about-promises">
        <section>
          <h2>The answers are guesses</h2>
          <p>
            The models learned from labels that other people gave to photos. They can't tell who somebody is,
            how they feel or who they want to be. They are often wrong about one person, and wrong more often
            for some groups than for others. <Link href="/about/engineers">How often each one is wrong</Link>
          </p>
        </section>
        <section>
          <h2>Please don't judge people by them</h2>
          <p>
            Don't use this to watch people, to find out who a stranger is, or to decide about work, credit,
            insurance, policing, borders or access. Many countries have laws about that: ask before you do it.
          </p>
        </section>
        <section>
          <h2>Nothing leaves this server</h2>
          <p>
            Every model runs here, and this page loads nothing from anywhere else. Your photo isn't used for
            training, and nothing that describes a face goes into a log.
          </p>
        </section>
        <section>
          <h2>Nobody ends up in the gallery by accident</h2>
          <p>
            Your faces are compared with <Link href="/gallery">the people in the gallery</Link> and then
            forgotten. A face is only added when somebody says who agreed to that, and what they agreed to.
            Anybody in the gallery can be deleted again.
          </p>
        </section>
      </div>
      <section aria-labelledby="about-kept">
        <h2 id="about-kept">What is kept, and for how long</h2>
        <Show when={installation.known()} keyed>
          {({ retention }) => <KeptTable retention={retention} hasPlaces={false} />}
        </Show>
      </section>
      <section aria-labelledby="about-delete">
        <h2 id="about-delete">Delete it sooner</h2>
        <p class="about-text">
          Every photo has a Delete button. It removes the photo, its faces and all answers right away, for
          everybody who has the link, and shows you what was removed.
        </p>
        <VisitDeletion />
      </section>
      <footer class="about-more">
        <Link class="button" href="/about/engineers">
          How it works, for engineers
        </Link>
      </footer>
    </div>
  );
}
