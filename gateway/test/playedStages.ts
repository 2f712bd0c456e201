import {
  EmbeddingWorkSchema,
  FaceWorkSchema,
  ImageWorkSchema,
  ResultSchema,
  create,
  embeddingWorkSubject,
  faceWorkSubject,
  fromBinary,
  toBinary,
  workMessageId,
  type StageName,
} from "@similarfaces/contracts";
import {
  createLog,
  createMetrics,
  runStage,
  type RunningStage,
  type Stage,
  type StageOutput,
  type StageWork,
} from "@similarfaces/runtime";
import { EMBEDDING, answers, extracted, type Mesh } from "./meshFixture.js";

export interface PlayedStages {
  /** Stops one; its consumer stays. */
  stop(stage: StageName): Promise<void>;
  start(stage: StageName): Promise<void>;
  stopAll(): Promise<void>;
}

const PLAYED: readonly StageName[] = ["extract", "embed", "age", "gender", "match"];

/** The stages' own loops on their consumers, with an extract that takes its time and finds one face in every photo. */
export async function playStages(mesh: Mesh, { extractMs }: { extractMs: number }): Promise<PlayedStages> {
  const running = new Map<StageName, RunningStage>();
  const played: PlayedStages = {
    async start(name) {
      const stage = { name, ...(name === "extract" ? extract(extractMs) : later(name)) };
      running.set(
        name,
        await runStage(stage, {
          broker: mesh.broker,
          concurrency: 2,
          graceMs: 1_000,
          metrics: createMetrics({ service: name, version: "0", emitters: ["stage"] }),
          log: createLog({ service: name, level: "silent" }),
        }),
      );
    },
    stop: async (name) => running.get(name)?.drain(),
    stopAll: async () => void (await Promise.all([...running.values()].map((stage) => stage.drain()))),
  };
  for (const name of PLAYED) await played.start(name);
  return played;
}

function extract(takesMs: number): Pick<Stage, "decode" | "handle"> {
  return {
    decode: (data) => [fromBinary(ImageWorkSchema, data)],
    async handle(work) {
      await new Promise((resolve) => setTimeout(resolve, takesMs));
      const { jobId, deadlineAtMs, stages = [] } = work;
      const face = create(FaceWorkSchema, { jobId, faces: [{ face: 0 }], deadlineAtMs, stages: [...stages] });
      const message = {
        subject: faceWorkSubject(jobId, 0),
        data: toBinary(FaceWorkSchema, face),
        messageId: workMessageId(jobId, "face", 0),
      };
      return { ...outputOf(extracted(jobId, 1)), work: [message] };
    },
  };
}

function later(name: StageName): Pick<Stage, "decode" | "handle"> {
  return {
    decode: name === "match" ? decodeProbe : decodeFace,
    async handle({ jobId, deadlineAtMs, stages = [] }) {
      const answer = answers(jobId, 0).find(({ stage }) => stage === name)!;
      const probe = create(EmbeddingWorkSchema, {
        jobId,
        probes: [{ face: 0, embedding: EMBEDDING }],
        deadlineAtMs,
        stages: [...stages],
      });
      const message = {
        subject: embeddingWorkSubject(jobId, 0),
        data: toBinary(EmbeddingWorkSchema, probe),
        messageId: workMessageId(jobId, "embedding", 0),
      };
      return { ...outputOf(answer), work: name === "embed" ? [message] : [] };
    },
  };
}

function decodeFace(data: Uint8Array): StageWork[] {
  const { faces, ...work } = fromBinary(FaceWorkSchema, data);
  return faces.map(({ face }) => ({ ...work, face }));
}

function decodeProbe(data: Uint8Array): StageWork[] {
  const { probes, ...work } = fromBinary(EmbeddingWorkSchema, data);
  return probes.map(({ face }) => ({ ...work, face }));
}

function outputOf(result: Parameters<typeof create<typeof ResultSchema>>[1]): StageOutput {
  return { outcome: create(ResultSchema, result).outcome as StageOutput["outcome"], model: "test@1" };
}
