import { expect, it } from "vitest";
import { visit } from "../browser";
import type { PlayedMesh } from "./playedMesh";

export function testContrasts(on: PlayedMesh): void {
  it("has bars and edges that stand out 3:1 from what they lie on, light and dark", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { page } = await visit(on.browser, on.mesh.url, { colorScheme });
      // Whichever hue an analyzer may have.
      const hues = Array.from({ length: 72 }, (_, index) => index * 5);
      const contrasts = await page.evaluate(contrastsOf, { hues, grounds: ["--surface", "--surface-sunk"] });
      for (const { colour, ground, ratio } of contrasts) {
        expect(ratio, `${colour} on ${ground}, ${colorScheme}`).toBeGreaterThan(3);
      }
      await page.context().close();
    }
  });
}

/** WCAG's contrast ratio of the stages' colours, and of edges, with what they lie on, as the browser paints them. */
function contrastsOf({ hues, grounds }: { hues: number[]; grounds: string[] }) {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
  const luminance = (name: string, hue = 0): number => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.dataset["stage"] = "";
    probe.style.setProperty("--hue", String(hue));
    probe.style.color = `var(${name})`;
    canvas.fillStyle = getComputedStyle(probe).color;
    probe.remove();
    canvas.fillRect(0, 0, 1, 1);
    const linear = (byte: number) => {
      const share = byte / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
    return 0.2126 * linear(red!) + 0.7152 * linear(green!) + 0.0722 * linear(blue!);
  };
  const colours = [
    ...hues.map((hue) => ({ colour: `hue ${hue}`, of: luminance("--stage", hue) })),
    { colour: "--line-strong", of: luminance("--line-strong") },
  ];
  return colours.flatMap(({ colour, of }) =>
    grounds.map((ground) => {
      const [dark, light] = [of, luminance(ground)].sort((a, b) => a - b);
      return { colour, ground, ratio: (light! + 0.05) / (dark! + 0.05) };
    }),
  );
}
