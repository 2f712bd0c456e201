/** What JetStream's API is asked, as subjects: of these the rights of the broker's users are made (brokerUsers.ts). */
export const API = "$JS.API";

/** A consumer: pulling its messages and acknowledging them. Newer servers name domain and account before the stream. */
export function consuming({ stream, durable_name }: { stream: string; durable_name: string }): string[] {
  return [
    `${API}.CONSUMER.INFO.${stream}.${durable_name}`,
    `${API}.CONSUMER.MSG.NEXT.${stream}.${durable_name}`,
    `$JS.ACK.${stream}.${durable_name}.>`,
    `$JS.ACK.*.*.${stream}.${durable_name}.>`,
  ];
}

/** Single messages of a stream. */
export function reading(stream: string): string[] {
  return [
    `${API}.STREAM.INFO.${stream}`,
    `${API}.STREAM.MSG.GET.${stream}`,
    `${API}.DIRECT.GET.${stream}`,
    `${API}.DIRECT.GET.${stream}.>`,
  ];
}

/** A stream in order, by consumers of one's own. */
export function following(stream: string): string[] {
  return [
    `${API}.CONSUMER.CREATE.${stream}`,
    `${API}.CONSUMER.CREATE.${stream}.>`,
    `${API}.CONSUMER.INFO.${stream}.*`,
    `${API}.CONSUMER.MSG.NEXT.${stream}.*`,
    `${API}.CONSUMER.DELETE.${stream}.*`,
  ];
}
