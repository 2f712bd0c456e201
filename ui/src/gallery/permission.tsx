import type { FailureJson } from "@similarfaces/contracts/job";
import { Show, createSignal } from "solid-js";
import { ApiFailure, failureOf } from "../api/request";
import { apiKey, setApiKey } from "../apiKey";
import { Dialog } from "../components/Dialog";
import { about } from "../installation";

interface Question {
  /** After a key that was not the right one. */
  isRepeated: boolean;
  answer(key: string | undefined): void;
}

const [question, setQuestion] = createSignal<Question>();
/** Several operations may be refused at once; the person is asked once. */
let asked: Promise<string | undefined> | undefined;

/**
 * Does what needs the API key where the gateway has one: asks for the key when it is refused, and does it again. Without
 * an answer it is refused for good.
 * @throws ApiFailure as the operation does
 */
export async function permitted<T>(operation: () => Promise<T>): Promise<T> {
  for (;;) {
    const used = apiKey();
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof ApiFailure) || !isAboutKeys(error.code)) throw error;
      // No key would open it: the server's own words say why.
      if (about()?.galleryKey === false) throw error;
      // Another operation may have asked and been answered meanwhile.
      if (apiKey() === used && (await askForKey(used !== "")) === undefined) throw error;
    }
  }
}

/**
 * What is shown whole to those who may change the gallery, and in part to everybody: asks for the key where only the part
 * came.
 * @throws ApiFailure as loading does, or `unauthorized`
 */
export function whole<T>(load: () => Promise<T>, isWhole: (loaded: T) => boolean): Promise<T> {
  return permitted(async () => {
    const loaded = await load();
    if (!isWhole(loaded)) throw new ApiFailure(UNAUTHORIZED);
    return loaded;
  });
}

const UNAUTHORIZED: FailureJson = {
  code: "unauthorized",
  message: "Only people who can change the gallery can see this.",
  retryable: false,
};
/** None, a wrong one, or one that is for other things. */
const isAboutKeys = (code: string) => code === "unauthorized" || code === "forbidden";

function askForKey(isRepeated: boolean): Promise<string | undefined> {
  asked ??= new Promise<string | undefined>((resolve) => setQuestion({ isRepeated, answer: resolve })).then(
    (key) => {
      setQuestion(undefined);
      asked = undefined;
      setApiKey(key ?? "");
      return key;
    },
  );
  return asked;
}

/** Once per page: where the key is asked for. */
export function KeyDialog() {
  return (
    <Show when={question()} keyed>
      {(open) => <Ask question={open} />}
    </Show>
  );
}

function Ask(props: { question: Question }) {
  const [key, setKey] = createSignal("");
  return (
    <Dialog
      title="You need the API key to change the gallery"
      onClose={() => props.question.answer(undefined)}
    >
      <form
        class="form"
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          if (key().trim() !== "") props.question.answer(key());
        }}
      >
        <Show when={props.question.isRepeated}>
          <p class="form-error" role="alert">
            That key didn't work.
          </p>
        </Show>
        <label class="form-field">
          <span>API key</span>
          <input
            class="input"
            type="password"
            autocomplete="off"
            autofocus
            required
            value={key()}
            onInput={(event) => setKey(event.currentTarget.value)}
            aria-describedby="key-help"
          />
          <span id="key-help" class="small quiet">
            Ask whoever runs this server for it. It is only kept until you close this tab.
          </span>
        </label>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => props.question.answer(undefined)}>
            Cancel
          </button>
          <button class="button button-main">Continue</button>
        </div>
      </form>
    </Dialog>
  );
}

/** Why a change of the gallery failed, in words. */
export function refusalOf(error: unknown): string {
  return isAboutKeys(failureOf(error).code) && about()?.galleryKey
    ? "You need the API key to change the gallery."
    : failureOf(error).message;
}
