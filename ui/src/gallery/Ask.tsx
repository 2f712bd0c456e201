import { Show, createSignal, type JSX } from "solid-js";
import { Dialog } from "../components/Dialog";
import { Notice } from "../components/Notice";
import { refusalOf } from "./permission";

/** A question before something that cannot be undone. */
export function Ask(props: {
  title: string;
  verb: string;
  children: JSX.Element;
  onClose: () => void;
  act: () => Promise<void>;
}) {
  const [failure, setFailure] = createSignal<string>();
  const [isBusy, setBusy] = createSignal(false);
  const act = async () => {
    setBusy(true);
    try {
      await props.act();
      props.onClose();
    } catch (error) {
      setFailure(refusalOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={props.title}
      onClose={() => props.onClose()}
      actions={
        <>
          <button class="button" onClick={() => props.onClose()}>
            Keep it
          </button>
          <button class="button button-bad" disabled={isBusy()} onClick={() => void act()}>
            {props.verb}
          </button>
        </>
      }
    >
      <div>{props.children}</div>
      <Show when={failure()} keyed>
        {(why) => (
          <Notice kind="bad" title="Nothing has been deleted.">
            {why}
          </Notice>
        )}
      </Show>
    </Dialog>
  );
}
