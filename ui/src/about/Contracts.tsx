import { For, createSignal } from "solid-js";
import type { About } from "@similarfaces/contracts/api";
import { protoTokens } from "./protoTokens";
import "./Contracts.css";

/** What each file is about, by its name. */
const SUBJECTS: Readonly<Record<string, string>> = {
  "work.proto": "what stages are given",
  "analyzer.proto": "what analyzers announce",
  "result.proto": "what stages answer",
  "gallery.proto": "questions to the gallery",
  "geometry.proto": "boxes and points",
};

/** The .proto files of the installation, one at a time. */
export function Contracts(props: { contracts: About["contracts"] }) {
  const [chosen, setChosen] = createSignal(0);
  const file = () => props.contracts[chosen()];
  let tabs!: HTMLDivElement;
  return (
    <div class="contracts">
      <div role="tablist" aria-label="Message formats" class="contracts-tabs" ref={tabs}>
        <For each={props.contracts}>
          {({ file: name }, index) => (
            <button
              role="tab"
              id={`contract-tab-${index()}`}
              aria-controls="contract-text"
              aria-selected={chosen() === index()}
              tabindex={chosen() === index() ? 0 : -1}
              class="contracts-tab"
              onClick={() => setChosen(index())}
              onKeyDown={(event) => move(event, index())}
            >
              <code>{name}</code>
              <span class="small quiet">{SUBJECTS[name] ?? ""}</span>
            </button>
          )}
        </For>
      </div>
      <pre
        id="contract-text"
        role="tabpanel"
        aria-labelledby={`contract-tab-${chosen()}`}
        tabindex="0"
        class="contracts-text"
      >
        <code>
          <For each={protoTokens(file()?.text ?? "")}>
            {({ kind, text }) => (kind === "plain" ? text : <span class={`proto-${kind}`}>{text}</span>)}
          </For>
        </code>
      </pre>
    </div>
  );

  function move(event: KeyboardEvent, from: number): void {
    const last = props.contracts.length - 1;
    const to = {
      ArrowRight: from === last ? 0 : from + 1,
      ArrowLeft: from === 0 ? last : from - 1,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    setChosen(to);
    (tabs.children[to] as HTMLElement).focus();
  }
}
