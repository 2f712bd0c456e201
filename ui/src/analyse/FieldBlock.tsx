import type { Field } from "@similarfaces/contracts/job";
import type { StageName } from "@similarfaces/contracts/stages";
import { Match, Show, Switch, type Accessor, type JSX } from "solid-js";
import { SKIPPED } from "./faceWords";
import "./FieldBlock.css";

interface FieldBlockProps<T> {
  stage: StageName;
  name: string;
  /** Undefined where the job did not ask for it. */
  field: Accessor<Field<T> | undefined>;
  isWide?: boolean;
  /** What is answered; drawn without a value it keeps the room for one. */
  children: (value: T | undefined) => JSX.Element;
}

/** A field in its final size: its empty form, then the value, or in words why there is none. */
export function FieldBlock<T>(props: FieldBlockProps<T>) {
  const done = () => {
    const field = props.field();
    return field?.state === "done" ? field : undefined;
  };
  return (
    <section
      class="field"
      data-stage={props.stage}
      data-wide={props.isWide ? "" : undefined}
      data-state={props.field()?.state ?? "off"}
    >
      <h3 class="field-name">{props.name}</h3>
      <div class="field-room">
        <Show
          when={done()}
          keyed
          fallback={
            <>
              {/* What was never asked for needs no room. */}
              <Show when={props.field()}>
                <div class="field-value" data-empty inert aria-hidden="true">
                  {props.children(undefined)}
                </div>
              </Show>
              <WhyNot field={props.field()} />
            </>
          }
        >
          {(known) => <div class="field-value">{props.children(known.value)}</div>}
        </Show>
      </div>
    </section>
  );
}

function WhyNot(props: { field: Field<unknown> | undefined }) {
  const failure = () => (props.field?.state === "failed" ? props.field.failure : undefined);
  return (
    <Switch fallback={<span class="visually-hidden">Not answered yet</span>}>
      <Match when={!props.field}>
        <p class="field-none quiet">Not asked for this photo.</p>
      </Match>
      <Match when={props.field?.state === "skipped"}>
        <p class="field-none quiet">{SKIPPED}.</p>
      </Match>
      <Match when={props.field?.state === "expired"}>
        <p class="field-none">
          No answer in time. Everything else is there; send the photo again to get this one.
        </p>
      </Match>
      <Match when={failure()} keyed>
        {({ message }) => (
          <p class="field-none">
            This didn't work. <span class="quiet">{message}</span>
          </p>
        )}
      </Match>
    </Switch>
  );
}
