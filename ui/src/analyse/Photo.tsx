import type { BoxJson } from "@similarfaces/contracts/job";
import {
  Show,
  createEffect,
  createMemo,
  createSignal,
  on,
  onCleanup,
  onMount,
  type Accessor,
  type JSX,
} from "solid-js";
import { onKeys } from "./keys";
import { WHOLE, pan, placePhoto, viewOfBox, zoomAt, type Placement, type Size, type View } from "./view";
import "./Photo.css";

export interface PhotoProps {
  src: string | undefined;
  alt: string;
  /** Pixels of the upright photo, once known; else those of the loaded picture. */
  size: Size | undefined;
  /** A face to zoom to, when asked. */
  focusBox?: BoxJson | undefined;
  /** What is drawn on it, placed in CSS pixels of the frame. */
  children?: (placement: Accessor<Placement>, photo: Accessor<Size>) => JSX.Element;
}

const ZOOM_STEP = 1.4;

const NOWHERE: Placement = { left: 0, top: 0, width: 1, height: 1 };

/** The photo in its frame, magnified by wheel, pinch, buttons and keys; drawn on in screen pixels, so sharp at any zoom. */
export function Photo(props: PhotoProps) {
  let frame!: HTMLDivElement;
  const [frameSize, setFrameSize] = createSignal<Size>({ width: 0, height: 0 });
  const [natural, setNatural] = createSignal<Size>();
  const [isMissing, setIsMissing] = createSignal(false);
  const [view, setView] = createSignal<View>(WHOLE);

  const size = createMemo(() => props.size ?? natural());
  const placement = createMemo(() => {
    const photo = size();
    return photo && frameSize().width > 0 ? placePhoto(frameSize(), photo, view()) : undefined;
  });
  const change = (next: (photo: Size) => View) => {
    const photo = size();
    if (photo) setView(next(photo));
  };
  const aspect = () => {
    const photo = size();
    return photo ? photo.width / photo.height : 1;
  };
  const middle = () => ({ x: frameSize().width / 2, y: frameSize().height / 2 });
  const zoomBy = (factor: number, at = middle()) =>
    change((photo) => zoomAt(frameSize(), photo, view(), at, factor));
  const toWhole = () => setView(WHOLE);
  const toFace = () => {
    const box = props.focusBox;
    if (box) change((photo) => viewOfBox(frameSize(), photo, box));
  };

  createEffect(
    on(
      () => props.src,
      () => {
        setIsMissing(false);
        setNatural(undefined);
      },
      { defer: true },
    ),
  );

  onMount(() => {
    const observer = new ResizeObserver(() =>
      setFrameSize({ width: frame.clientWidth, height: frame.clientHeight }),
    );
    observer.observe(frame);
    onCleanup(() => observer.disconnect());
  });

  onKeys({ "+": () => zoomBy(ZOOM_STEP), "-": () => zoomBy(1 / ZOOM_STEP), "0": toWhole, z: toFace });

  const at = (event: MouseEvent) => {
    const { left, top } = frame.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const pointers = new Map<number, { x: number; y: number }>();
  const grab = (event: PointerEvent) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, at(event));
  };
  const move = (event: PointerEvent) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = at(event);
    const [first, second] = [...pointers.values()];
    if (first && second) {
      const other = first === before ? second : first;
      const spread = Math.hypot(now.x - other.x, now.y - other.y);
      const spreadBefore = Math.hypot(before.x - other.x, before.y - other.y);
      if (spreadBefore > 0) zoomBy(spread / spreadBefore, other);
    } else if (view().zoom > 1) {
      frame.setPointerCapture(event.pointerId);
      change((photo) => pan(frameSize(), photo, view(), { x: now.x - before.x, y: now.y - before.y }));
    }
    pointers.set(event.pointerId, now);
  };
  const release = (event: PointerEvent) => void pointers.delete(event.pointerId);

  return (
    <div
      class="photo"
      ref={frame}
      data-zoomed={view().zoom > 1}
      style={{ "--aspect": aspect() }}
      onPointerDown={grab}
      onPointerMove={move}
      onPointerUp={release}
      onPointerCancel={release}
      onPointerLeave={release}
      onDblClick={(event) => (view().zoom > 1 ? toWhole() : zoomBy(3, at(event)))}
      on:wheel={{
        passive: false,
        handleEvent(event: WheelEvent) {
          // Where the page scrolls, the wheel scrolls it, and magnifies with Ctrl as elsewhere.
          if (isPageScrolling() && !event.ctrlKey) return;
          event.preventDefault();
          zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), at(event));
        },
      }}
    >
      <Show when={props.src} keyed>
        {(src) => (
          <img
            src={src}
            alt={props.alt}
            draggable={false}
            hidden={isMissing()}
            style={{
              left: `${placement()?.left ?? 0}px`,
              top: `${placement()?.top ?? 0}px`,
              width: `${placement()?.width ?? 0}px`,
              height: `${placement()?.height ?? 0}px`,
            }}
            onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => {
              if (width > 0) setNatural({ width, height });
            }}
            onError={() => setIsMissing(true)}
          />
        )}
      </Show>
      <Show when={!props.src}>
        <svg class="photo-none" viewBox="0 0 20 20" aria-hidden="true">
          <path d="M1 6V3a2 2 0 0 1 2-2h3M14 1h3a2 2 0 0 1 2 2v3M19 14v3a2 2 0 0 1-2 2h-3M6 19H3a2 2 0 0 1-2-2v-3" />
        </svg>
      </Show>
      <Show when={isMissing()}>
        <p class="photo-missing quiet">
          This browser cannot show this picture; its answers come all the same.
        </p>
      </Show>
      <Show when={placement()}>
        {props.children?.(
          () => placement() ?? NOWHERE,
          () => size() ?? NOWHERE,
        )}
      </Show>
      <Show when={placement()}>
        <div class="photo-tools" role="group" aria-label="Magnification">
          <button
            aria-label="Smaller"
            title="Smaller (-)"
            disabled={view().zoom <= 1}
            onClick={() => zoomBy(1 / ZOOM_STEP)}
          >
            −
          </button>
          <button
            aria-label={`${Math.round(view().zoom * 100)} %, show the whole photo`}
            title="Whole photo (0)"
            disabled={view().zoom <= 1}
            onClick={toWhole}
          >
            {Math.round(view().zoom * 100)} %
          </button>
          <button aria-label="Larger" title="Larger (+)" onClick={() => zoomBy(ZOOM_STEP)}>
            +
          </button>
          <Show when={props.focusBox}>
            <button title="The chosen face (z)" onClick={toFace}>
              Face
            </button>
          </Show>
        </div>
      </Show>
    </div>
  );
}

function isPageScrolling(): boolean {
  return document.documentElement.scrollHeight > innerHeight + 1;
}
