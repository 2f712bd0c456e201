import { MessageChannel } from "node:worker_threads";

/** A port whose other end is closed drops what is sent, and frees what was transferred with it. */
const nowhere = (() => {
  const { port1, port2 } = new MessageChannel();
  port2.close();
  return port1;
})();

/**
 * Gives a buffer's memory back now. Left to be collected it may lie for long: a process that has gone idle collects nothing. Nobody else
 * may have it: it is empty afterwards.
 */
export function freeBuffer(buffer: Buffer): void {
  const memory = buffer.buffer;
  if (memory instanceof ArrayBuffer && memory.byteLength > 0) nowhere.postMessage(undefined, [memory]);
}
