import type { BoxJson, PointJson } from "@similarfaces/contracts/job";
import { turnedBox, turnedPoint, turnedSize } from "@similarfaces/contracts/upright";
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
import { PhotoTools, ZOOM_STEP } from "./PhotoTools";
import { onKeys } from "./keys";
import { createPhotoPointers } from "./photoPointers";
import { turnBetween } from "./upright";
import { WHOLE, pan, placePhoto, viewOfBox, zoomAt, type Placement, type Size, type View } from "./view";
import "./Photo.css";

export interface PhotoProps {
  src: string | undefined;
  alt: string;
  /** Pixels of the photo as it was sent (upright by its EXIF data), once known; else those of the loaded picture. */
  size: Size | undefined;
  /** Degrees clockwise that stand it upright: 0, 90, 180 or 270. It is shown so, until it is turned back. */
  turned: number;
  isTurnedBack: boolean;
  onTurn: () => void;
  /** A face to zoom to, when asked; in pixels of the photo as it was sent. */
  focusBox?: BoxJson | undefined;
  /** Where it was tapped, in pixels of the photo as it is shown, of which a CSS pixel has `scale`. */
  onTap?: (at: PointJson, scale: number) => void;
  /** What is drawn on it, placed in CSS pixels of the frame; the size is the photo's as it is shown. */
  children?: (placement: Accessor<Placement>, photo: Accessor<Size>, frame: Accessor<Size>) => JSX.Element;
}

const NOWHERE: Placement = { left: 0, top: 0, width: 1, height: 1 };
const UNIT: Size = { width: 1, height: 1 };

/** The photo in its frame, magnified by wheel, pinch, buttons and keys; drawn on in screen pixels, so sharp at any zoom. */
export function Photo(props: PhotoProps) {
  let frame!: HTMLDivElement;
  let plane!: HTMLDivElement;
  const [frameSize, setFrameSize] = createSignal<Size>({ width: 0, height: 0 });
  const [natural, setNatural] = createSignal<Size>();
  const [isMissing, setIsMissing] = createSignal(false);
  const [view, setView] = createSignal<View>(WHOLE);

  const turn = createMemo(() => (props.isTurnedBack ? 0 : props.turned));
  const sent = createMemo(() => props.size ?? natural());
  /** As it is shown: what is magnified, moved and drawn on. */
  const size = createMemo(() => {
    const photo = sent();
    return photo && turnedSize(photo, turn());
  });
  const placement = createMemo(() => {
    const photo = size();
    return photo && frameSize().width > 0 ? placePhoto(frameSize(), photo, view()) : undefined;
  });
  const change = (next: (photo: Size) => View) => {
    const photo = size();
    if (photo) setView(next(photo));
  };
  const middle = () => ({ x: frameSize().width / 2, y: frameSize().height / 2 });
  const zoomBy = (factor: number, at = middle()) =>
    change((photo) => zoomAt(frameSize(), photo, view(), at, factor));
  const toWhole = () => setView(WHOLE);
  const toFace = () => {
    const box = props.focusBox;
    const photo = sent();
    if (box && photo)
      setView(viewOfBox(frameSize(), turnedSize(photo, turn()), turnedBox(box, photo, turn())));
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

  // Turned about the middle of the frame, from how it was shown to how it is, with all that is drawn on it.
  createEffect(
    on(turn, (after, before = 0) => {
      const photo = sent();
      const angle = turnBetween(before, after);
      // Of a photo that nobody has seen yet there is nothing to turn.
      if (!photo || !natural() || frameSize().width === 0) return;
      const scaleOf = (degrees: number) => {
        const shown = turnedSize(photo, degrees);
        return Math.min(frameSize().width / shown.width, frameSize().height / shown.height);
      };
      setView(({ zoom, x, y }) => ({ zoom, ...turnedPoint({ x, y }, UNIT, (angle + 360) % 360) }));
      plane.animate(
        { rotate: [`${-angle}deg`, "0deg"], scale: [scaleOf(before) / scaleOf(after), 1] },
        { duration: turningMs(frame), easing: "ease-in-out" },
      );
    }),
  );

  onMount(() => {
    const observer = new ResizeObserver(() =>
      setFrameSize({ width: frame.clientWidth, height: frame.clientHeight }),
    );
    observer.observe(frame);
    onCleanup(() => observer.disconnect());
  });

  onKeys({
    "+": () => zoomBy(ZOOM_STEP),
    "-": () => zoomBy(1 / ZOOM_STEP),
    "0": toWhole,
    z: toFace,
    u: () => props.turned > 0 && props.onTurn(),
  });

  const pointers = createPhotoPointers({
    frame: () => frame,
    isZoomed: () => view().zoom > 1,
    zoomBy,
    panBy: (by) => change((photo) => pan(frameSize(), photo, view(), by)),
    tap({ x, y }) {
      const place = placement();
      const photo = size();
      if (!place || !photo) return;
      const scale = photo.width / place.width;
      props.onTap?.({ x: (x - place.left) * scale, y: (y - place.top) * scale }, scale);
    },
  });

  return (
    <>
      <div
        class="photo"
        ref={frame}
        data-zoomed={view().zoom > 1}
        data-turned={props.turned > 0 ? turn() : undefined}
        onClick={pointers.click}
        onPointerDown={pointers.grab}
        onPointerMove={pointers.move}
        onPointerUp={pointers.release}
        onPointerCancel={pointers.release}
        onPointerLeave={pointers.release}
        onDblClick={(event) => (view().zoom > 1 ? toWhole() : zoomBy(3, pointers.at(event)))}
        on:wheel={{
          passive: false,
          handleEvent(event: WheelEvent) {
            // Where the page scrolls, the wheel scrolls it, and magnifies with Ctrl as elsewhere.
            if (isPageScrolling() && !event.ctrlKey) return;
            event.preventDefault();
            zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), pointers.at(event));
          },
        }}
      >
        <div class="photo-plane" ref={plane}>
          <Show when={props.src} keyed>
            {(src) => (
              <img
                src={src}
                alt={props.alt}
                draggable={false}
                hidden={isMissing() || !placement()}
                style={pictureStyle(placement() ?? NOWHERE, turn())}
                onLoad={({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => {
                  if (width > 0) setNatural({ width, height });
                }}
                onError={() => setIsMissing(true)}
              />
            )}
          </Show>
          <Show when={placement()}>
            {props.children?.(
              () => placement() ?? NOWHERE,
              () => size() ?? NOWHERE,
              frameSize,
            )}
          </Show>
        </div>
        <Show when={!props.src}>
          <svg class="photo-none" viewBox="0 0 20 20" aria-hidden="true">
            <path d="M1 6V3a2 2 0 0 1 2-2h3M14 1h3a2 2 0 0 1 2 2v3M19 14v3a2 2 0 0 1-2 2h-3M6 19H3a2 2 0 0 1-2-2v-3" />
          </svg>
        </Show>
        <Show when={props.src !== undefined && isMissing()}>
          <p class="photo-missing quiet">
            Your browser can't show this photo. The server may still be able to read it.
          </p>
        </Show>
      </div>
      <PhotoTools
        zoom={view().zoom}
        onZoom={placement() && zoomBy}
        onWhole={toWhole}
        onFace={placement() && props.focusBox && toFace}
        isTurnedBack={props.isTurnedBack}
        onTurn={props.turned > 0 ? props.onTurn : undefined}
      />
    </>
  );
}

function isPageScrolling(): boolean {
  return document.documentElement.scrollHeight > innerHeight + 1;
}

/** None where less motion is wanted. */
function turningMs(frame: HTMLElement): number {
  return Number.parseFloat(getComputedStyle(frame).getPropertyValue("--time-turn"));
}

/** The picture is laid out as it was sent, in the middle of its place, and turned there. */
function pictureStyle({ left, top, width, height }: Placement, turn: number): JSX.CSSProperties {
  const lying = turnedSize({ width, height }, turn);
  return {
    left: `${left + (width - lying.width) / 2}px`,
    top: `${top + (height - lying.height) / 2}px`,
    width: `${lying.width}px`,
    height: `${lying.height}px`,
    rotate: `${turn}deg`,
  };
}
