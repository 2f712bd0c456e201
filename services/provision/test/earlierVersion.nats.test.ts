import { expect, it } from "vitest";
import {
  BLOB_STREAMS,
  GALLERY_BUCKET,
  GALLERY_STREAM,
  STREAM_NAMES,
  imageWorkSubject,
  newJobId,
} from "@similarfaces/contracts";
import { provisionFixture } from "./provisionFixture.js";

const on = provisionFixture();

it("streams of the version before are taken away with all that waits in them; gallery, keys and pictures stay", async () => {
  const v1 = [
    { name: STREAM_NAMES.images, subjects: ["sf.v1.work.*.image"], retention: "interest" },
    { name: STREAM_NAMES.faces, subjects: ["sf.v1.work.*.face.*"], retention: "interest" },
    { name: STREAM_NAMES.results, subjects: ["sf.v1.result.>"], retention: "limits" },
    { name: STREAM_NAMES.deletions, subjects: ["sf.v1.deletion.*"], retention: "workqueue" },
    { name: "KV_SF_ANALYZERS", subjects: ["$KV.SF_ANALYZERS.>"], retention: "limits" },
    { name: "SF_PROBE", subjects: ["sf.v1.probe"], retention: "limits" },
    { name: BLOB_STREAMS.jobs, subjects: ["sf.v1.blob.jobs.>"], retention: "limits" },
    { name: BLOB_STREAMS.gallery, subjects: ["sf.v1.blob.gallery.>"], retention: "limits" },
    { name: GALLERY_STREAM, subjects: [`$KV.${GALLERY_BUCKET}.>`], retention: "limits" },
  ] as const;
  for (const spec of v1) await on.other.jsm.streams.add({ ...spec, subjects: [...spec.subjects] } as never);
  for (const name of ["embed", "emotion"]) {
    await on.other.jsm.consumers.add(STREAM_NAMES.faces, {
      durable_name: name,
      filter_subject: "sf.v1.work.*.face.*",
      ack_policy: "explicit",
    } as never);
  }
  for (const subject of [
    "sf.v1.work.x.face.0",
    "sf.v1.result.x.accepted",
    "sf.v1.blob.jobs.1.x.photo.0",
    "sf.v1.blob.gallery.f.0",
    `$KV.${GALLERY_BUCKET}.face.f`,
  ])
    await on.other.js.publish(subject, "of the version before");
  await on.begin();
  for (const name of Object.values(STREAM_NAMES)) {
    const { config, state } = await on.other.jsm.streams.info(name);
    expect(config.subjects.filter((subject) => subject.startsWith("sf.v1."))).toEqual([]);
    expect(state.messages).toBe(0);
  }
  expect((await on.other.jsm.streams.names().next()).filter((name) => name === "KV_SF_ANALYZERS")).toEqual(
    [],
  );
  expect(await on.consumersOf(STREAM_NAMES.faces)).toEqual(["embed"]);
  for (const name of [BLOB_STREAMS.jobs, BLOB_STREAMS.gallery, GALLERY_STREAM])
    expect(await on.messagesIn(name)).toBe(1);
  await on.other.js.publish(imageWorkSubject(newJobId(Date.now())), "a photo");
  // Once more, as at the next start, it leaves what is there.
  await on.begin();
  expect(await on.messagesIn(STREAM_NAMES.images)).toBe(1);
});
