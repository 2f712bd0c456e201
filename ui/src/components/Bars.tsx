import { percentText } from "@similarfaces/contracts/texts";
import { For } from "solid-js";
import "./Bars.css";

export interface Bar {
  label: string;
  /** 0..1 */
  share: number;
  /** The figure, where it is not the share in percent. */
  text?: string;
}

/** Shares as small bars in the hue of the stage around them, each with its name and figure. */
export function Bars(props: { bars: readonly Bar[]; label: string }) {
  return (
    <ul class="bars" aria-label={props.label}>
      <For each={props.bars}>
        {(bar) => (
          <li class="bars-row">
            <span class="bars-label">{bar.label}</span>
            <span class="bars-track" aria-hidden="true">
              <span class="bars-fill" style={{ "--share": bar.share }} />
            </span>
            <span class="bars-share">{bar.text ?? percentText(bar.share)}</span>
          </li>
        )}
      </For>
    </ul>
  );
}
