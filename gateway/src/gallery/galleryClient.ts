import {
  GalleryReplySchema,
  GalleryRequestSchema,
  StageFailure,
  create,
  fromBinary,
  gallerySubject,
  isFailureCode,
  toBinary,
  type GalleryOperation,
  type GalleryReply,
  type GalleryRequest,
  type MessageInitShape,
} from "@similarfaces/contracts";
import { traceHeaders, type Broker, type TraceContext } from "@similarfaces/runtime";

type Asked = Exclude<GalleryRequest["operation"], { case: undefined }>;
type Answered = Exclude<GalleryReply["reply"], { case: undefined } | { case: "failure" }>;
export type AnswerOf<C extends Answered["case"]> = Extract<Answered, { case: C }>["value"];
type QuestionOf<C extends Asked["case"]> =
  MessageInitShape<typeof GalleryRequestSchema> extends {
    operation?: infer O;
  }
    ? Extract<O, { case: C }> extends { value?: infer V }
      ? V
      : never
    : never;

/** Asks any replica of match. */
export interface GalleryClient {
  /** @throws StageFailure what the gallery throws, or gallery_unavailable where nobody answers */
  ask<C extends Asked["case"]>(
    operation: C,
    question: QuestionOf<C>,
    trace?: TraceContext,
  ): Promise<AnswerOf<C>>;
}

const ANSWER_WITHIN_MS = 10_000;

/** The operation's name in subjects, by the oneof's name in TypeScript. */
const SUBJECTS: Readonly<Record<Asked["case"], GalleryOperation>> = {
  list: "list",
  get: "get",
  search: "search",
  rename: "rename",
  merge: "merge",
  deleteIdentity: "delete_identity",
  deleteFace: "delete_face",
  statistics: "statistics",
  export: "export",
  import: "import",
  hasFace: "has_face",
  named: "named",
};

export function galleryClient(broker: Broker): GalleryClient {
  return {
    async ask(operation, question, trace) {
      const request = create(GalleryRequestSchema, {
        operation: { case: operation, value: question },
      } as MessageInitShape<typeof GalleryRequestSchema>);
      const { reply } = await send(operation, request, trace);
      if (reply.case === "failure") {
        const { code, message } = reply.value;
        throw new StageFailure(isFailureCode(code) ? code : "gallery_unavailable", message);
      }
      if (reply.case !== operation) {
        throw new StageFailure("gallery_unavailable", "the gallery answered another question");
      }
      return reply.value as AnswerOf<typeof operation>;
    },
  };

  async function send(
    operation: Asked["case"],
    request: GalleryRequest,
    trace: TraceContext | undefined,
  ): Promise<GalleryReply> {
    const subject = gallerySubject(SUBJECTS[operation]);
    try {
      const message = await broker.nc.request(subject, toBinary(GalleryRequestSchema, request), {
        timeout: ANSWER_WITHIN_MS,
        ...(trace ? { headers: traceHeaders(trace) } : {}),
      });
      return fromBinary(GalleryReplySchema, message.data);
    } catch (cause) {
      throw new StageFailure("gallery_unavailable", undefined, { cause });
    }
  }
}
