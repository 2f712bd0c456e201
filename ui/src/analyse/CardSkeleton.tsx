import { Show } from "solid-js";
import "./CardSkeleton.css";

/** The place of the first card while nobody knows yet how many there will be. */
export function CardSkeleton(props: { isShown: boolean }) {
  return (
    <Show when={props.isShown}>
      <div class="faces" aria-hidden="true">
        <div class="face">
          <div class="face-head">
            <div class="face-chip skeleton-square" />
          </div>
          <div class="face-fields">
            <EmptyField />
            <EmptyField />
            <EmptyField />
            <EmptyField />
          </div>
          <div class="field" data-wide>
            <span class="skeleton-name" />
            <PortraitsSkeleton />
          </div>
        </div>
      </div>
    </Show>
  );
}

function EmptyField() {
  return (
    <div class="field">
      <span class="skeleton-name" />
      <LinesSkeleton />
    </div>
  );
}

/** Of an attribute: words, and what its bars take. */
export function LinesSkeleton() {
  return (
    <div class="skeleton-lines" aria-hidden="true">
      <i />
      <i />
      <i />
    </div>
  );
}

/** Of the similar faces: a sentence and five portraits with a figure and a word each, as Similar lays them out. */
export function PortraitsSkeleton() {
  return (
    <div class="field-value skeleton-portraits" aria-hidden="true">
      <p class="field-words" />
      <div class="similar">
        <PortraitSkeleton />
        <PortraitSkeleton />
        <PortraitSkeleton />
        <PortraitSkeleton />
        <PortraitSkeleton />
      </div>
    </div>
  );
}

function PortraitSkeleton() {
  return (
    <div class="similar-face">
      <span class="portrait" />
      <span class="similar-words" />
    </div>
  );
}
