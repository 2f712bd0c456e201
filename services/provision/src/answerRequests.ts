import { PROVISION_PREFIX, provisionSubject, refusalOfAnalyzer } from "@similarfaces/contracts";
import type { Broker, Log } from "@similarfaces/runtime";
import type { AnalyzerConsumers } from "./analyzerConsumers.js";

export interface RequestOptions {
  broker: Broker;
  log: Pick<Log, "info" | "warn">;
  consumers: AnalyzerConsumers;
}

/**
 * Answers whoever wants a consumer for an analyzer: with nothing once it is there, with what speaks against the name otherwise. Where the
 * broker does not make it now there is no answer, and it is asked for again. All replicas hear every request, so that none of them takes
 * away what another has just made. Resolves when the broker hands requests on.
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
      log.warn({ analyzer: name }, "a consumer was asked for and refused");
      return respond(refusal);
    }
    try {
      await consumers.provide(name);
      respond("");
    } catch (err) {
      log.warn({ err, analyzer: name }, "a consumer was asked for and could not be made");
    }
  }

  await broker.nc.flush();
  return { close: () => subscription.unsubscribe() };
}
