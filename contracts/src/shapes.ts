import type * as analyzer from "./gen/similarfaces/v2/analyzer_pb.js";
import type * as geometry from "./gen/similarfaces/v2/geometry_pb.js";
import type * as result from "./gen/similarfaces/v2/result_pb.js";
import type { StageName } from "./stages.js";

/**
 * The JSON of results and announcements as the gateway writes it. protobuf-es types any JSON that it would read; here default values
 * are written out (json.ts), so a field is there unless it is one of these.
 */
export type MaybeAbsent =
  /** Of Result: what it is about, and one outcome. */
  | "face"
  | "timings"
  | "accepted"
  | "extract"
  | "embed"
  | "analysis"
  | "match"
  | "enrol"
  | "deleted"
  | "split"
  | "failure"
  /** Of Face. */
  | "quality"
  /** Of Answer and AnswerSpec: one of the two. */
  | "classification"
  | "measure"
  /** Of Measure and MeasureSpec. */
  | "low"
  | "high"
  | "min"
  | "max"
  | "bins"
  /** Of Announcement. */
  | "hue"
  /** Of Match, where nobody has measured the embedder. */
  | "likelihood"
  | "falseMatchRate"
  | "falsePositiveRate";

/** JSON with defaults written out. Numbers are finite: nothing that is no number is ever published. */
export type Written<T> = T extends "NaN" | "Infinity" | "-Infinity"
  ? never
  : T extends readonly (infer Item)[]
    ? Written<Item>[]
    : T extends object
      ? {
          [Key in keyof T as Key extends MaybeAbsent ? never : Key]-?: Written<NonNullable<T[Key]>>;
        } & {
          [Key in keyof T as Key extends MaybeAbsent ? Key : never]?: Written<NonNullable<T[Key]>>;
        }
      : T;

export type PointJson = Written<geometry.PointJson>;
/** Pixels of the upright photo, as are landmarks. */
export type BoxJson = Written<geometry.BoxJson>;
export type LandmarksJson = Written<geometry.LandmarksJson>;
export type ImageSizeJson = Written<geometry.ImageSizeJson>;
/** Milliseconds since the epoch. */
export type TimingsJson = Written<result.TimingsJson>;
export type FailureJson = Written<result.FailureJson>;
/** Whose the job is leaves the system nowhere (json.ts). */
export type AcceptedJson = Omit<Written<result.AcceptedJson>, "owner">;
export type DeletedJson = Omit<Written<result.DeletedJson>, "owner">;
export type FaceJson = Written<result.FaceJson>;
export type ExtractedJson = Written<result.ExtractedJson>;
/** Base64 of 512 little-endian float32. */
export type EmbeddedJson = Written<result.EmbeddedJson>;
export type AnalysisJson = Written<result.AnalysisJson>;
export type AnswerJson = Written<result.AnswerJson>;
export type ClassificationJson = Written<result.ClassificationJson>;
export type MeasureJson = Written<result.MeasureJson>;
export type EnrolledJson = Written<result.EnrolledJson>;

export type Verdict = "very_alike" | "quite_alike" | "a_little_alike" | "no_close_match" | "uncalibrated";
export type MatchJson = Omit<Written<result.MatchJson>, "verdict"> & { verdict: Verdict };
export type MatchesJson = Omit<Written<result.MatchesJson>, "matches" | "verdict"> & {
  matches: MatchJson[];
  verdict: Verdict;
};

/** The answer of each outcome. */
export interface Outcomes {
  extract: ExtractedJson;
  embed: EmbeddedJson;
  analysis: AnalysisJson;
  match: MatchesJson;
  enrol: EnrolledJson;
}

/** One result, about one face at most, as it travels between gateway and viewers. Exactly one of the outcomes, or `failure`, is set. */
export interface ResultEvent
  extends
    Omit<Written<result.ResultJson>, "stage" | "accepted" | "deleted" | "split" | "others" | keyof Outcomes>,
    Partial<Outcomes> {
  stage: StageName | "accepted" | "deleted";
  accepted?: AcceptedJson;
  deleted?: DeletedJson;
}

/** Texts by language; `en` is always there. */
export type TextsJson = Readonly<Record<string, string>>;
export type AnswerSpecJson = Written<analyzer.AnswerSpecJson>;
export type ClassificationSpecJson = Written<analyzer.ClassificationSpecJson>;
export type LabelSpecJson = Written<analyzer.LabelSpecJson>;
export type MeasureSpecJson = Written<analyzer.MeasureSpecJson>;
export type MeasurementJson = Written<Omit<analyzer.MeasurementJson, "figures">> & {
  figures: Readonly<Record<string, unknown>>;
};
export type ModelCardJson = Written<Omit<analyzer.ModelCardJson, "measured">> & {
  measured: MeasurementJson[];
};
export type AnnouncementJson = Written<Omit<analyzer.AnnouncementJson, "model">> & { model: ModelCardJson };
