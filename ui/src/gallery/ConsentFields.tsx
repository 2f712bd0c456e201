import { checkedConsent } from "@similarfaces/contracts/galleryText";
import { Show } from "solid-js";
import { textProblem } from "./textProblem";

export interface Consent {
  text: string;
  isConfirmed: boolean;
}

interface ConsentFieldsProps {
  consent: Consent;
  onChange: (consent: Consent) => void;
  /** What the box confirms. */
  confirmation: string;
  example: string;
  /** Shown once the form was sent. */
  isChecked: boolean;
}

export const isGiven = ({ text, isConfirmed }: Consent): boolean =>
  isConfirmed && problemOf(text) === undefined;

function problemOf(text: string): string | undefined {
  if (text.trim() === "") return "Say who agreed to be in the gallery.";
  return textProblem(() => checkedConsent(text));
}

/** Who agreed to what, in words that are stored, and a box that somebody has to tick. */
export function ConsentFields(props: ConsentFieldsProps) {
  const problem = () => (props.isChecked ? problemOf(props.consent.text) : undefined);
  const needsBox = () => props.isChecked && !props.consent.isConfirmed;
  return (
    <fieldset class="form consent">
      <legend class="form-label">Consent</legend>
      <label class="form-field">
        <span class="visually-hidden">Who agreed, and to what</span>
        <textarea
          class="input"
          rows="2"
          maxlength="2000"
          placeholder={props.example}
          value={props.consent.text}
          onInput={(event) => props.onChange({ ...props.consent, text: event.currentTarget.value })}
          aria-invalid={problem() !== undefined}
          aria-describedby="consent-help"
        />
        <span id="consent-help" class="small quiet">
          Who agreed, to what, and when. This is kept and shown together with the face.
        </span>
        <Show when={problem()}>
          <span class="small form-error">{problem()}</span>
        </Show>
      </label>
      <label class="form-check">
        <input
          type="checkbox"
          checked={props.consent.isConfirmed}
          onChange={(event) => props.onChange({ ...props.consent, isConfirmed: event.currentTarget.checked })}
          aria-invalid={needsBox()}
          aria-describedby={needsBox() ? "consent-box-error" : undefined}
        />
        <span>
          {props.confirmation}
          <Show when={needsBox()}>
            <span id="consent-box-error" class="small form-error consent-error">
              Nobody is added without their consent.
            </span>
          </Show>
        </span>
      </label>
    </fieldset>
  );
}
