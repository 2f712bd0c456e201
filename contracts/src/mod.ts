export * from "./stages.js";
export * from "./announcements.js";
export * from "./quality.js";
export * from "./jobId.js";
export * from "./subjects.js";
export * from "./streams.js";
export * from "./brokerUsers.js";
export * from "./brokerConfig.js";
export * from "./failure.js";
export * from "./galleryText.js";
export * from "./photoFiles.js";
export * from "./knownPhotos.js";
export * from "./embedding.js";
export * from "./groups.js";
export * from "./pieces.js";
export * from "./job.js";
export * from "./readingOrder.js";
export * from "./likeness.js";
export * from "./json.js";
export * from "./gen/similarfaces/v2/analyzer_pb.js";
export * from "./gen/similarfaces/v2/geometry_pb.js";
export * from "./gen/similarfaces/v2/work_pb.js";
export * from "./gen/similarfaces/v2/result_pb.js";
export * from "./gen/similarfaces/v2/gallery_pb.js";
// As the gateway writes them, in place of any JSON that would be read.
export type {
  AcceptedJson,
  AnalysisJson,
  AnnouncementJson,
  AnswerJson,
  AnswerSpecJson,
  BoxJson,
  ClassificationJson,
  ClassificationSpecJson,
  DeletedJson,
  EmbeddedJson,
  EnrolledJson,
  ExtractedJson,
  FaceJson,
  FailureJson,
  ImageSizeJson,
  LabelSpecJson,
  LandmarksJson,
  MatchJson,
  MatchesJson,
  MeasureJson,
  MeasureSpecJson,
  MeasurementJson,
  ModelCardJson,
  PointJson,
  TimingsJson,
} from "./shapes.js";
export { create, fromBinary, toBinary, toJson, fromJson, type MessageInitShape } from "@bufbuild/protobuf";
