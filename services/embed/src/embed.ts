import {
  EMBEDDING_SIZE,
  EmbeddedSchema,
  EmbeddingWorkSchema,
  EnrolWorkSchema,
  StageFailure,
  chipsOfWork,
  create,
  embeddingToBytes,
  embeddingWorkSubject,
  enrolWorkSubject,
  stagesOfWork,
  toBinary,
  workMessageId,
  type ChipPiece,
} from "@similarfaces/contracts";
import type { Inference, Prediction } from "@similarfaces/inference";
import type { Stage, WorkMessage } from "@similarfaces/runtime";

export interface EmbedOptions {
  inference: Inference;
}

/**
 * From a chip to its embedding, which goes to the viewer and, for each kind of work that is made of embeddings, to the stages of the job
 * that want it: `match` compares it with the gallery, `enrol` adds it. Failures: model_failed.
 */
export function createEmbed({ inference }: EmbedOptions): Stage<ChipPiece> {
  const model = inference.model("embed");
  return {
    name: "embed",
    decode: chipsOfWork,

    async handle(work, { priority, signal, traceparent }) {
      // The message's bytes lie in the broker's receive buffer; the copy is what the worker takes over.
      const pixels = new Uint8Array(work.chip);
      const picture = { pixels, width: work.chipSide, height: work.chipSide };
      const prediction = await model.predict(picture, { priority, signal, traceparent });
      const embedding = embeddingToBytes(normalise(vectorOf(prediction)));
      return {
        outcome: { case: "embed", value: create(EmbeddedSchema, { embedding }) },
        model: model.name,
        startedAtMs: prediction.startedAtMs,
      };
    },

    followUp(answers, isSplit) {
      const embedded = answers.flatMap(({ work, outcome, model }) =>
        outcome.case === "embed" ? [{ work, model, embedding: outcome.value.embedding }] : [],
      );
      return [...probes(embedded, isSplit), ...embedded.flatMap(enrolment)];
    },
  };
}

/** 512 floats of the graph's first output. @throws StageFailure model_failed if it is anything else */
function vectorOf({ outputs }: Prediction): Float32Array {
  const data = Object.values(outputs)[0]?.data;
  if (data?.length !== EMBEDDING_SIZE) {
    throw new StageFailure(
      "model_failed",
      `an embedding has ${EMBEDDING_SIZE} numbers, not ${data?.length ?? 0}`,
    );
  }
  return data;
}

/** To length 1: other packs' graphs leave this to their user. */
function normalise(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  if (!(length > 0 && length < Infinity)) {
    throw new StageFailure("model_failed", "the embedding has no direction");
  }
  return vector.map((value) => value / length);
}

interface EmbeddedFace {
  readonly work: ChipPiece;
  readonly embedding: Uint8Array;
  readonly model: string;
}

/** One message of all that a group has embedded; where it was split, one of each face. */
function probes(embedded: readonly EmbeddedFace[], isSplit: boolean): WorkMessage[] {
  const [first] = embedded;
  if (!first || stagesOfWork(first.work.stages, "embedding").length === 0) return [];
  const { jobId, face, group, deadlineAtMs, stages, options } = first.work;
  const message = create(EmbeddingWorkSchema, {
    jobId,
    probes: embedded.map(({ work, embedding }) => ({ face: work.face, embedding })),
    model: first.model,
    deadlineAtMs,
    stages,
    ...(options ? { options } : {}),
    ...(group === face ? {} : { group }),
    isSplit,
  });
  return [
    {
      subject: embeddingWorkSubject(jobId, face),
      data: toBinary(EmbeddingWorkSchema, message),
      messageId: workMessageId(jobId, "embedding", group, isSplit ? face : undefined),
    },
  ];
}

function enrolment({ work, embedding, model }: EmbeddedFace): WorkMessage[] {
  const { jobId, face, deadlineAtMs, portrait, stages, options } = work;
  const enrolment = options?.enrolment;
  if (stagesOfWork(stages, "enrol").length === 0 || !enrolment) return [];
  const message = create(EnrolWorkSchema, {
    jobId,
    face,
    embedding,
    model,
    deadlineAtMs,
    enrolment,
    ...(portrait ? { portrait } : {}),
  });
  return [
    {
      subject: enrolWorkSubject(jobId, face),
      data: toBinary(EnrolWorkSchema, message),
      messageId: workMessageId(jobId, "enrol", face),
    },
  ];
}
