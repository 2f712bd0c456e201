/**
 * Drawings without people, as SVG: what detectors take for faces. Each kind is a recipe of a generator, so one seed gives the same pictures.
 */
type Random = () => number;

/** Pixels of a side. */
export const SIDE = 480;
/** How often each form is drawn. */
const FORMS_MAX = 5;

const pick = <T>(random: Random, all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
const between = (random: Random, from: number, to: number) => from + random() * (to - from);
const grey = (random: Random) => Math.round(random() * 255);

function colour(random: Random): string {
  const value = grey(random);
  return random() < 0.4 ? `rgb(${value},${value},${value})` : `rgb(${value},${grey(random)},${grey(random)})`;
}

const circle = (x: number, y: number, r: number, fill: string) =>
  `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}"/>`;
const ring = (r: number, width: number, stroke: string) =>
  `<circle r="${r}" fill="none" stroke="${stroke}" stroke-width="${width}"/>`;
const around = (count: number, phase: number, distance: number, draw: (x: number, y: number) => string) =>
  Array.from({ length: count }, (_, i) => {
    const angle = phase + (2 * Math.PI * i) / count;
    return draw(distance * Math.cos(angle), distance * Math.sin(angle));
  }).join("");

/** Each draws about (0, 0) within a radius of 1. */
const FORMS: Readonly<Record<string, (random: Random) => string>> = {
  wheels(random) {
    const bolts = pick(random, [4, 5, 5, 5, 6]);
    const [tyre, rim, dark] = [colour(random), colour(random), colour(random)];
    const spokes = pick(random, [0, 5, 5, 6, 10]);
    const phase = random() * 6;
    const far = (x: number, y: number) =>
      `<line x2="${x}" y2="${y}" stroke="${dark}" stroke-width="${between(random, 0.04, 0.2)}"/>`;
    return [
      circle(0, 0, 1, tyre),
      circle(0, 0, between(random, 0.55, 0.8), rim),
      around(spokes, phase, 0.6, far),
      circle(0, 0, between(random, 0.25, 0.4), colour(random)),
      around(bolts, phase, between(random, 0.16, 0.3), (x, y) => circle(x, y, 0.05, dark)),
      circle(0, 0, between(random, 0.05, 0.12), dark),
    ].join("");
  },
  sockets(random) {
    const [plate, hole] = [colour(random), colour(random)];
    const slot = (x: number, y: number, width: number, height: number) =>
      `<rect x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" fill="${hole}"/>`;
    const rounded = random() < 0.5;
    const ground = rounded
      ? circle(0, 0, 0.75, colour(random))
      : `<rect x="-0.6" y="-0.6" width="1.2" height="1.2" rx="0.1" fill="${colour(random)}"/>`;
    const holes = pick(random, [
      circle(-0.25, 0, 0.08, hole) + circle(0.25, 0, 0.08, hole),
      slot(-0.25, -0.15, 0.07, 0.25) + slot(0.25, -0.15, 0.07, 0.3) + circle(0, 0.25, 0.1, hole),
      slot(-0.28, 0.15, 0.24, 0.1) + slot(0.28, 0.15, 0.24, 0.1) + slot(0, -0.25, 0.1, 0.28),
      circle(-0.25, -0.15, 0.07, hole) + circle(0.25, -0.15, 0.07, hole) + circle(0, 0.2, 0.07, hole),
    ]);
    return `<rect x="-1" y="-1" width="2" height="2" rx="0.15" fill="${plate}"/>${ground}${holes}`;
  },
  letters(random) {
    const signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&%@#8Oo:;";
    const text = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(random, [...signs]));
    const family = pick(random, ["sans-serif", "serif", "monospace"]);
    const written = text.map((sign) => (sign === "&" ? "&amp;" : sign)).join("");
    const weight = pick(random, ["400", "700"]);
    return `<text y="0.5" font-size="1.6" font-family="${family}" font-weight="${weight}" text-anchor="middle" fill="${colour(random)}">${written}</text>`;
  },
  clocks(random) {
    const ink = colour(random);
    const hand = (length: number, width: number) => {
      const angle = random() * 2 * Math.PI;
      return `<line x2="${length * Math.cos(angle)}" y2="${length * Math.sin(angle)}" stroke="${ink}" stroke-width="${width}"/>`;
    };
    const marks = around(pick(random, [4, 12, 12, 60]), 0, 0.8, (x, y) => circle(x, y, 0.05, ink));
    return [
      circle(0, 0, 1, colour(random)),
      ring(0.95, 0.08, ink),
      marks,
      hand(0.5, 0.09),
      hand(0.75, 0.05),
      circle(0, 0, 0.07, ink),
    ].join("");
  },
  /** Heads of animals: ears, eyes, a snout or a beak. */
  animals(random) {
    const [fur, inner, dark] = [colour(random), colour(random), "#1b1713"];
    const ear = pick(random, ["round", "pointed", "long"]);
    const ears = [-1, 1].map((side) => {
      if (ear === "round")
        return circle(0.6 * side, -0.65, 0.28, fur) + circle(0.6 * side, -0.65, 0.15, inner);
      if (ear === "pointed")
        return `<polygon points="${0.85 * side},-0.3 ${0.75 * side},-1 ${0.2 * side},-0.65" fill="${fur}"/>`;
      return `<ellipse cx="${0.85 * side}" cy="0.1" rx="0.2" ry="0.6" fill="${inner}"/>`;
    });
    const eyes = [-1, 1].map((side) => {
      const [x, y] = [side * between(random, 0.28, 0.32), -0.15];
      return circle(x, y, 0.14, "#fff") + circle(x, y, between(random, 0.06, 0.12), dark);
    });
    const snout =
      random() < 0.3
        ? `<polygon points="-0.12,0.05 0.12,0.05 0,0.35" fill="#e8a33d"/>`
        : `<ellipse cy="0.35" rx="${between(random, 0.25, 0.45)}" ry="0.28" fill="${inner}"/><ellipse cy="0.2" rx="0.13" ry="0.09" fill="${dark}"/>`;
    return ears.join("") + circle(0, 0, 0.8, fur) + eyes.join("") + snout;
  },
};

export const FORM_KINDS = Object.keys(FORMS);

/** Some forms of one kind on a ground. */
export function formsDrawing(kind: string, random: Random): string {
  const forms = Array.from({ length: 1 + Math.floor(random() * FORMS_MAX) }, () => {
    const size = Math.exp(between(random, Math.log(12), Math.log(180)));
    const [x, y] = [between(random, 40, SIDE - 40), between(random, 40, SIDE - 40)];
    const turn = random() < 0.5 ? 0 : between(random, -180, 180);
    return `<g transform="translate(${x} ${y}) rotate(${turn}) scale(${size})">${FORMS[kind]!(random)}</g>`;
  });
  return svg(`<rect width="${SIDE}" height="${SIDE}" fill="${colour(random)}"/>${forms.join("")}`);
}

/** A ground that repeats: dots, rings, tiles, stripes. */
export function patternDrawing(random: Random): string {
  const step = between(random, 10, 90);
  const [one, other] = [colour(random), colour(random)];
  const form = pick(random, [
    circle(step / 2, step / 2, step * between(random, 0.1, 0.5), one),
    circle(step / 3, step / 3, step / 8, one) + circle((2 * step) / 3, step / 3, step / 8, one),
    `<rect width="${step / 2}" height="${step / 2}" fill="${one}"/><rect x="${step / 2}" y="${step / 2}" width="${step / 2}" height="${step / 2}" fill="${one}"/>`,
    `<rect width="${step}" height="${step * between(random, 0.2, 0.6)}" fill="${one}"/>`,
    `<polygon points="${step / 2},0 ${step},${step} 0,${step}" fill="${one}"/>`,
    `<g transform="translate(${step / 2} ${step / 2})">${ring(step * 0.35, step * 0.1, one)}${circle(0, 0, step * 0.1, one)}</g>`,
  ]);
  const turn = random() < 0.5 ? 0 : between(random, 0, 90);
  return svg(
    `<pattern id="p" width="${step}" height="${step}" patternUnits="userSpaceOnUse" patternTransform="rotate(${turn})">${form}</pattern><rect width="${SIDE}" height="${SIDE}" fill="${other}"/><rect width="${SIDE}" height="${SIDE}" fill="url(#p)"/>`,
  );
}

/** Clouds, grain, wood, marble: Perlin noise (feTurbulence) in two colours. */
export function textureDrawing(random: Random): string {
  const [across, down] = [0, 1].map(() => Math.exp(between(random, Math.log(0.004), Math.log(0.3))));
  const kind = pick(random, ["fractalNoise", "turbulence"]);
  const rows = [0, 1, 2]
    .map(() => `${between(random, 0.3, 1.6)} 0 0 0 ${between(random, -0.3, 0.3)}`)
    .join(" ");
  return svg(
    `<filter id="n" x="0" y="0" width="1" height="1"><feTurbulence type="${kind}" baseFrequency="${across} ${down}" numOctaves="${1 + Math.floor(random() * 5)}" seed="${Math.floor(random() * 9_999)}"/><feColorMatrix values="${rows} 0 0 0 0 1"/></filter><rect width="${SIDE}" height="${SIDE}" filter="url(#n)"/>`,
  );
}

const svg = (body: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${body}</svg>`;
