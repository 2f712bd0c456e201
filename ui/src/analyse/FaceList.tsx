import type { FaceView } from "@similarfaces/contracts/job";
import type { StageName } from "@similarfaces/contracts/stages";
import { Index, createEffect, createMemo, on, onCleanup, onMount } from "solid-js";
import type { FacePhoto } from "../portraits/facePhoto";
import { FaceCard } from "./FaceCard";
import type { Choice } from "./choice";
import { isCrowd } from "./crowd";
import { createNearCards } from "./nearCards";
import "./FaceList.css";

export interface FaceListProps {
  jobId: string;
  /** What the faces are cut from. */
  photo: FacePhoto | undefined;
  /** As they are read: the place of each is its number, from 1. */
  faces: readonly FaceView[];
  /** The analyzers that have a place in the cards. */
  stages: readonly StageName[];
  /** More answers are awaited. */
  isRunning: boolean;
  choice: Choice;
}

const SWIPE_REST_MS = 120;

/** All cards: a column beside the photo, or on a phone one at a time with a swipe between them. */
export function FaceList(props: FaceListProps) {
  let list!: HTMLDivElement;
  // What the visitor swipes to is chosen; what is chosen elsewhere is scrolled to. One must not answer the other.
  let isSwiping = false;
  const isRow = () => getComputedStyle(list).overflowX === "auto";
  // Every result makes another list: only its length concerns all of its cards.
  const count = createMemo(() => props.faces.length);
  // Of a crowd, only the cards that are near the screen are built; each has its name and its place.
  const isLong = createMemo(() => isCrowd(count()));
  const cards = createNearCards(
    () => list,
    () => (isLong() ? count() : 0),
    () => props.isRunning,
  );

  /** Without a glide: who has tapped a face looks for its card. Along the row alone on a phone, so that the page stays where it is. */
  const show = (face: number) => {
    const card = list.querySelector<HTMLElement>(`[data-face="${face}"]`);
    if (!card) return;
    if (isRow())
      list.scrollTo({
        left: card.offsetLeft - (list.clientWidth - card.offsetWidth) / 2,
        behavior: "instant",
      });
    else card.scrollIntoView({ block: "nearest", behavior: "instant" });
  };
  // Once every card has its room.
  onMount(() => queueMicrotask(() => show(props.choice.chosen())));
  createEffect(
    on(
      props.choice.chosen,
      (face) => {
        if (!isSwiping) show(face);
      },
      { defer: true },
    ),
  );

  onMount(() => {
    const swiped = () => {
      if (!isRow()) return;
      const middle = list.scrollLeft + list.clientWidth / 2;
      const cards = [...list.querySelectorAll<HTMLElement>("[data-face]")];
      const nearest = cards.find(({ offsetLeft, offsetWidth }) => offsetLeft + offsetWidth > middle);
      isSwiping = true;
      if (nearest) props.choice.choose(Number(nearest.dataset["face"]));
      queueMicrotask(() => (isSwiping = false));
    };
    // Safari has no scrollend event.
    let timer: ReturnType<typeof setTimeout> | undefined;
    list.addEventListener("scroll", () => {
      clearTimeout(timer);
      timer = setTimeout(swiped, SWIPE_REST_MS);
    });
    onCleanup(() => clearTimeout(timer));
  });

  return (
    <div class="faces" ref={list}>
      <Index each={props.faces}>
        {(face, at) => (
          <FaceCard
            jobId={props.jobId}
            photo={props.photo}
            face={face()}
            number={at + 1}
            faces={count()}
            stages={props.stages}
            choice={props.choice}
            isBuilt={!isLong() || props.choice.isChosen(face().index) || cards.isNear(face().index)}
            roomPx={cards.roomOf(face().index)}
          />
        )}
      </Index>
    </div>
  );
}
