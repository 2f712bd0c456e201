import { validateHeaderName, validateHeaderValue } from "node:http";
import { StageFailure } from "@similarfaces/contracts";
import { checkHead, type HeaderFields } from "./framing.js";
import type { HttpOptions, HttpReply, HttpRequest, SocketHandler } from "./http.js";

/**
 * The reply, unless its headers or status are invalid: a line break in a header would split the response in two. That is a bug of ours, and
 * answered as one.
 */
export function validReply(
  reply: HttpReply,
  { refusal, onFault }: Pick<HttpOptions, "refusal" | "onFault">,
): HttpReply {
  try {
    for (const [name, value] of Object.entries(reply.headers)) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
    if (!Number.isInteger(reply.status) || reply.status < 200 || reply.status > 599)
      throw new RangeError(`${reply.status} is no status of a complete answer`);
    return reply;
  } catch (error) {
    onFault(error);
    return refusal(error);
  }
}

/** Never rejects. */
export async function replyTo(asked: () => Promise<HttpReply>, options: HttpOptions): Promise<HttpReply> {
  let reply: HttpReply;
  try {
    reply = await asked();
  } catch (error) {
    if (!(error instanceof StageFailure)) options.onFault(error);
    reply = options.refusal(error);
  }
  return validReply(reply, options);
}

/** What is called with the socket, or the reply that refuses its upgrade. Never throws. */
export function admitUpgrade(
  fields: HeaderFields,
  request: Omit<HttpRequest, "body">,
  options: HttpOptions,
): HttpReply | SocketHandler {
  try {
    checkHead(fields, true);
    const admitted = options.live.admit(request);
    return typeof admitted === "function" ? admitted : validReply(admitted, options);
  } catch (error) {
    if (!(error instanceof StageFailure)) options.onFault(error);
    return validReply(options.refusal(error), options);
  }
}
