import { Show } from "solid-js";
import "./CardSkeleton.css";

/** The place of the first card while nobody knows yet how many there will be. */
export function CardSkeleton(props: { isShown: boolean }) {
  return (
    <Show when={props.isShown}>
      <div class="faces" aria-hidden="true">
        <div class="face card-skeleton">
          <div class="face-head">
            <div class="face-chip card-skeleton-chip" />
          </div>
          <div class="face-fields">
            <SkeletonField />
            <SkeletonField />
            <SkeletonField />
            <SkeletonField />
          </div>
          <div class="field" data-wide>
            <div class="card-skeleton-row">
              <i />
              <i />
              <i />
              <i />
              <i />
            </div>
          </div>
        </div>
      </div>
    </Show>
  );
}

function SkeletonField() {
  return (
    <div class="field">
      <div class="field-skeleton">
        <i />
        <i />
        <i />
      </div>
    </div>
  );
}
