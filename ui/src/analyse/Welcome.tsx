import { For, Show, createSignal } from "solid-js";
import { titleOf } from "../analyzers";
import { fetchPicture } from "../api/installation";
import { Link } from "../components/Link";
import { StageLabel } from "../components/StageLabel";
import { about } from "../installation";
import { durationWords } from "../formats";
import { isAnalysis, isOn, stagesNow } from "../stages";
import eighteenUrl from "../../../models/samples/photos/group-18.jpg";
import fourUrl from "../../../models/samples/photos/group-4.jpg";
import oneUrl from "../../../models/samples/photos/portrait-1.jpg";
import eighteenSmallUrl from "./examples/group-18.jpg";
import fourSmallUrl from "./examples/group-4.jpg";
import oneSmallUrl from "./examples/portrait-1.jpg";
import "./Welcome.css";

/** Photos of nobody: averages of many faces (models/samples). */
const EXAMPLES = [
  { name: "One face", photo: oneUrl, thumbnail: oneSmallUrl },
  { name: "Four faces", photo: fourUrl, thumbnail: fourSmallUrl },
  { name: "Eighteen faces", photo: eighteenUrl, thumbnail: eighteenSmallUrl },
];

export interface WelcomeProps {
  onChoose: () => void;
  onPaste: () => void;
  onCamera: () => void;
  onPhotos: (photos: File[]) => void;
}

/** Before there is a photo: one sentence, the drop area, three examples. */
export function Welcome(props: WelcomeProps) {
  const [fetching, setFetching] = createSignal<string>();
  const take = async ({ name, photo }: (typeof EXAMPLES)[number]) => {
    setFetching(name);
    const bytes = await fetchPicture(photo).finally(() => setFetching(undefined));
    props.onPhotos([new File([bytes], `${name}.jpg`, { type: bytes.type })]);
  };
  return (
    <div class="welcome">
      <h1 class="visually-hidden">Analyse a photo</h1>
      <button class="welcome-drop" onClick={() => props.onChoose()}>
        <span class="welcome-corners" aria-hidden="true" />
        <span class="welcome-title">
          <span class="welcome-mouse">Drop a photo</span>
          <span class="welcome-touch">Choose a photo</span>
        </span>
        <span class="quiet">See age, expression and lookalikes appear, one by one.</span>
        <span class="button button-main">Choose photos</span>
        <span class="welcome-stages small" aria-hidden="true">
          <For each={stagesNow().filter(isAnalysis)}>
            {(stage) => <StageLabel stage={stage}>{titleOf(stage)}</StageLabel>}
          </For>
          <Show when={isOn("match")}>
            <StageLabel stage="match">Similar faces</StageLabel>
          </Show>
        </span>
      </button>
      <p class="welcome-ways">
        <button class="button welcome-mouse" onClick={() => props.onPaste()}>
          Paste <kbd>p</kbd>
        </button>
        <button class="button" onClick={() => props.onCamera()}>
          Take a photo
        </button>
      </p>
      <section class="welcome-examples" aria-label="Examples">
        <h2>Or try an example</h2>
        <ul>
          <For each={EXAMPLES}>
            {(example) => (
              <li>
                <button
                  class="welcome-example"
                  disabled={fetching() !== undefined}
                  onClick={() => void take(example)}
                >
                  <img src={example.thumbnail} alt="" width="240" height="160" />
                  {example.name}
                </button>
              </li>
            )}
          </For>
        </ul>
        <p class="small quiet">Each face is a blend of many people, so nobody in them is real.</p>
      </section>
      <p class="welcome-small small quiet">
        Your photo and the answers are deleted after {durationWords(about()?.retention.jobTtlMs ?? 600_000)},
        or as soon as you say so. The answers are guesses, and often wrong.{" "}
        <Link href="/about">What happens to your photo</Link>
      </p>
    </div>
  );
}
