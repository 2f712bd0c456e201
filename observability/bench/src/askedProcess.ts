import { fork } from "node:child_process";
import { once } from "node:events";

/** A process of ours that is asked, one question at a time, and ends with this one. */
export interface AskedProcess<Hello> {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly hello: Hello;
  /** @throws Error in its words, or because it has ended */
  ask<Answer>(question: object): Promise<Answer>;
  close(): Promise<void>;
}

/** @param main calls `answerQuestions` @throws Error if it ends before it is ready */
export async function startAsked<Hello>(
  name: string,
  main: string,
  { env = process.env, args = [] }: { env?: NodeJS.ProcessEnv; args?: string[] },
): Promise<AskedProcess<Hello>> {
  const child = fork(main, args, { env, serialization: "advanced" });
  const ended = once(child, "exit");
  const died = ended.then(([code, signal]) => {
    throw new Error(`${name} ended with ${code ?? signal}`);
  });
  // Whoever waits for an answer hears of it; between two of them nobody does.
  died.catch(() => {});
  const answer = async <Answer>(): Promise<Answer> => {
    const [answered] = await Promise.race([once(child, "message"), died]);
    if ("error" in answered) throw new Error(answered.error);
    return answered as Answer;
  };
  const hello = await answer<Hello>();
  return {
    pid: child.pid!,
    hello,
    ask(question) {
      child.send(question);
      return answer();
    },
    async close() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** The other side: says hello, answers, and ends when nobody is there to ask. */
export function answerQuestions<Question>(
  hello: object,
  answer: (question: Question) => Promise<object>,
  close: () => Promise<void>,
): void {
  process.on("message", (question: Question) => {
    void answer(question)
      .catch((error: unknown) => ({ error: String(error) }))
      .then((answered) => process.send!(answered));
  });
  process.once("disconnect", () => void close().then(() => process.exit(0)));
  process.send!(hello);
}
