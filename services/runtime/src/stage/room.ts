/** Pieces of heavy work that wait here; with so many nothing more is pulled. */
const HEAVY_WAITING_MAX = 16;

/** Of the mean of pieces per message. */
const NEWEST_SHARE = 1 / 4;

/** Gives the place back. */
export type Leave = () => void;

interface Waiting {
  weight: number;
  /** Called without `leave` where the room was closed. */
  begin: (leave?: Leave) => void;
}

/**
 * Bounds how much a stage works on at once, in weights. Work of weight 1 or less is light, anything above is heavy. One place is kept free of
 * heavy work, and when there is no heavy work under way the first of it begins whatever it weighs, so neither kind can block the other.
 * What a message weighs is known only when it has been delivered, so heavy work may have to wait here; each kind begins in order of arrival.
 */
export class Room {
  readonly #size: number;
  readonly #light: Waiting[] = [];
  readonly #heavy: Waiting[] = [];
  #lightCount = 0;
  #heavyWeight = 0;
  #closed = false;
  #piecesPerMessage = 1;

  /** @param size what may be worked on at once if all of it is light */
  constructor(size: number) {
    this.#size = size;
  }

  /** To be called with the number of pieces of each message that comes: how many messages to pull next follows from their mean. */
  note(pieces: number): void {
    if (pieces > 0) this.#piecesPerMessage += (pieces - this.#piecesPerMessage) * NEWEST_SHARE;
  }

  /** How many more messages to pull; how many pieces they carry, and what these weigh, is not known yet. */
  free(): number {
    if (this.#closed || this.#heavy.length >= HEAVY_WAITING_MAX) return 0;
    const places = this.#lightPlaces() - this.#lightCount - this.#light.length;
    return places < 1 ? 0 : this.#messagesFor(places);
  }

  /** Room for how many messages is worth a pull: pulled one at a time, each would cost a request. A quarter of the light places. */
  pullMin(): number {
    return this.#messagesFor(Math.floor(this.#lightPlaces() / 4));
  }

  /** Resolves when there is a place, or with nothing once the room is closed. */
  enter(weight: number): Promise<Leave | undefined> {
    return new Promise((begin) => {
      if (this.#closed) return begin(undefined);
      (isHeavy(weight) ? this.#heavy : this.#light).push({ weight, begin });
      this.#admit();
    });
  }

  /** Work that waits is refused its place; work under way may finish. */
  close(): void {
    this.#closed = true;
    for (const { begin } of [...this.#light.splice(0), ...this.#heavy.splice(0)]) begin();
  }

  #admit(): void {
    while (this.#heavy[0] && this.#hasPlaceFor(this.#heavy[0].weight)) this.#begin(this.#heavy.shift()!);
    while (this.#light[0] && this.#lightCount < this.#lightPlaces()) this.#begin(this.#light.shift()!);
  }

  #begin({ weight, begin }: Waiting): void {
    this.#count(weight, 1);
    begin(() => {
      this.#count(weight, -1);
      this.#admit();
    });
  }

  #count(weight: number, sign: 1 | -1): void {
    if (isHeavy(weight)) this.#heavyWeight += sign * weight;
    else this.#lightCount += sign;
  }

  #hasPlaceFor(weight: number): boolean {
    // Adding and taking off fractions may leave a little more than 0.
    return this.#heavyWeight < 1 || this.#heavyWeight + weight <= this.#size - 1;
  }

  #messagesFor(places: number): number {
    return Math.max(1, Math.round(places / this.#piecesPerMessage));
  }

  #lightPlaces(): number {
    return Math.max(1, Math.floor(this.#size - this.#heavyWeight));
  }
}

function isHeavy(weight: number): boolean {
  return weight > 1;
}
