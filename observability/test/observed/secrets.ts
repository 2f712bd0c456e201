import { fieldOf } from "@similarfaces/contracts";
import { expect, it } from "vitest";
import { CONSENT, NAME, OPEN_METRICS, scrape, type ObservedMesh } from "../observedMesh.js";

/** What must be found nowhere. */
export function testSecrets(observed: () => ObservedMesh): void {
  it("no log, span or metric holds a name, a landmark, an embedding or a picture", async () => {
    const told = [
      observed().mesh.output(),
      Buffer.concat(observed().collector.bodies).toString("latin1"),
      await scrape(observed(), "text/plain"),
      await scrape(observed(), OPEN_METRICS),
    ].join("\n");
    const landmarks = observed().traced.job.faces.flatMap(({ landmarks, box }) =>
      [...Object.values(landmarks), box].flatMap((point) => Object.values(point as object) as number[]),
    );
    const embeddings = observed().traced.job.faces.flatMap((face) => {
      const field = fieldOf(face, "embed");
      return field?.state === "done" ? field.value.embedding : [];
    });
    expect(embeddings.length).toBe(observed().traced.job.faces.length);
    const needles = [
      NAME,
      NAME.split(" ")[0]!,
      CONSENT,
      "portrait-3.jpg",
      // Shorter numbers may be anything.
      ...landmarks.map(String).filter((text) => text.length > 6),
      ...embeddings.flatMap((text) => [
        text.slice(0, 24),
        Buffer.from(text, "base64").toString("latin1", 0, 16),
      ]),
      // How a JPEG begins, as it is and in base64.
      "\xff\xd8\xff",
      "/9j/",
    ];
    expect(needles.length).toBeGreaterThan(20);
    for (const needle of needles) expect(told.includes(needle), needle).toBe(false);
  });
}
