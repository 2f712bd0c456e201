/** Heavy work that waits for its turn here, messages; with so much of it nothing more is asked for. */
const HEAVY_WAITING_MAX = 16;

/** Of the mean of pieces per message. */
const NEWEST_SHARE = 1 / 4;

/** Ends a stay in the room. */
export type Leave = () => void;

interface Waiting {
  weight: number;
  /** With nothing where the room was closed. */
  begin: (leave?: Leave) => void;
}

/**
 * How much a stage works on at once, in weights. Work of weight 1 is light, and finds a place at the side of anything heavy. Heavy
 * work has all but one of the places between it, and the first of it may begin whatever it weighs: neither kind waits for the other
 * for ever. What a message weighs is known when it is here, so heavy ones may have to wait here; each kind begins in turn.
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

  /** How many pieces a message carried that has just come, for those that will be asked for. */
  note(pieces: number): void {
    if (pieces > 0) this.#piecesPerMessage += (pieces - this.#piecesPerMessage) * NEWEST_SHARE;
  }

  /** How many more messages are worth asking for; what they carry and weigh is not known yet. */
  free(): number {
    if (this.#closed || this.#heavy.length >= HEAVY_WAITING_MAX) return 0;
    const places = this.#lightPlaces() - this.#lightCount - this.#light.length;
    return places < 1 ? 0 : this.#messagesFor(places);
  }

  /** Asked for one at a time, each message would cost a question: a quarter of what light work has is worth one. */
  askMin(): number {
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

  /** Whoever waits is sent away; whoever is in may finish. */
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
    // Fractions add up to nothing only nearly.
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
