import type { ConsumerInfo } from "@nats-io/jetstream";
import type { Broker } from "./broker.js";

/** The consumers of a stream. One that is deleted while the broker lists them is a hole in its list, and left out. */
export async function consumersOf({ jsm }: Broker, stream: string): Promise<ConsumerInfo[]> {
  const infos: (ConsumerInfo | null)[] = [];
  for await (const info of jsm.consumers.list(stream)) infos.push(info);
  return infos.filter((info) => info !== null);
}
