import { PROVISION_PREFIX, provisionSubject, refusalOfAnalyzer } from "@similarfaces/contracts";
import type { Broker, Log } from "@similarfaces/runtime";
import type { AnalyzerConsumers } from "./analyzerConsumers.js";

export interface RequestOptions {
  broker: Broker;
  log: Pick<Log, "info" | "warn">;
  consumers: AnalyzerConsumers;
}

/**
 * Answers analyzers that need a consumer: with an empty message once it is there, with a sentence where the name is refused. Where the
 * broker cannot make it now there is no answer, and the analyzer requests it again. All replicas receive every request, so that none of
 * them deletes a consumer that another has just made. Resolves when the subscription is in effect.
 */
export async function answerRequests(options: RequestOptions): Promise<{ close(): void }> {
  const { broker, log, consumers } = options;
  const subscription = broker.nc.subscribe(`${PROVISION_PREFIX}.*`, {
    callback: (_error, message) => void answer(message.subject, (text) => message.respond(text)),
  });

  async function answer(subject: string, respond: (text: string) => void): Promise<void> {
    const name = subject.slice(provisionSubject("").length);
    const refusal = refusalOfAnalyzer(name);
    if (refusal !== undefined) {
      log.warn({ analyzer: name }, "the request for a consumer was refused");
      return respond(refusal);
    }
    try {
      await consumers.provide(name);
      respond("");
    } catch (err) {
      log.warn({ err, analyzer: name }, "a requested consumer could not be made");
    }
  }

  await broker.nc.flush();
  return { close: () => subscription.unsubscribe() };
}
