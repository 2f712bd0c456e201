import type { LiveMessage } from "@similarfaces/contracts/api";
import { openSocket } from "../api/jobs";

export interface SocketEvents {
  opened(): void;
  received(message: LiveMessage): void;
  /** It could not be opened, or it broke. */
  closed(): void;
}

/** One WebSocket at a time, for all jobs of the page and the announcements of analyzers. */
export function createSocket(events: SocketEvents) {
  let socket: WebSocket | undefined;
  const isOpen = () => socket?.readyState === WebSocket.OPEN;
  return {
    isOpen,
    /** Does nothing while there is one that is open or opens. */
    connect(): void {
      if (socket && socket.readyState <= WebSocket.OPEN) return;
      const opened = openSocket();
      socket = opened;
      opened.addEventListener("open", () => events.opened());
      opened.addEventListener("message", ({ data }) =>
        events.received(JSON.parse(data as string) as LiveMessage),
      );
      opened.addEventListener("close", () => {
        if (socket !== opened) return;
        socket = undefined;
        events.closed();
      });
    },
    /** What is sent while it is not open is lost: whoever opens it asks again. */
    send(text: string): void {
      if (isOpen()) socket!.send(text);
    },
    close(): void {
      socket?.close();
    },
  };
}
