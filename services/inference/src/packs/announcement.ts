import { announcementFromJson, type Announcement, type AnnouncementJson } from "@similarfaces/contracts";
import type { FoundModel } from "./findModels.js";
import { chipSideOf, isAnalyzer, type AnalyzerManifest, type ManifestAnswer } from "./manifest.js";

/** What a model says of itself, from its manifest: the variant that runs, and of an analyzer its answers, without the graph's outputs. */
export function announcementOf({ name, pack, manifest, variant }: FoundModel): Announcement {
  const { id, version, licence, source, notice = "" } = manifest;
  const { precision, measured } = variant;
  const announcement: AnnouncementJson = {
    name,
    ...(isAnalyzer(manifest) ? wordsOf(manifest) : { order: 0, title: {}, answers: [] }),
    model: { pack, id, version, licence, source, notice, measured: [...measured], precision },
    chipSide: chipSideOf(manifest) ?? 0,
  };
  return announcementFromJson(announcement);
}

function wordsOf({ title, order, hue, answers }: AnalyzerManifest) {
  return {
    title,
    order,
    ...(hue === undefined ? {} : { hue }),
    answers: answers.map(({ output: _, classification, ...answer }) => ({
      tag: false,
      caution: {},
      ...answer,
      ...(classification ? { classification: withHides(classification) } : {}),
    })),
  };
}

function withHides({ labels, unsureBelow }: NonNullable<ManifestAnswer["classification"]>) {
  return { unsureBelow, labels: labels.map((label) => ({ ...label, hides: label.hides ?? [] })) };
}
