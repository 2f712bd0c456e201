import { Show, createSignal, onCleanup, onMount } from "solid-js";
import { Dialog } from "../components/Dialog";
import { Notice } from "../components/Notice";
import "./Camera.css";

/** Takes a photo with the visitor's camera; nothing is sent before the button is pressed. */
export function Camera(props: { onPhoto: (photo: File) => void; onClose: () => void }) {
  let video!: HTMLVideoElement;
  const [state, setState] = createSignal<"asking" | "live" | "refused" | "none">("asking");
  let stream: MediaStream | undefined;
  let isClosed = false;

  onMount(() => void open());
  onCleanup(() => {
    isClosed = true;
    stop();
  });

  async function open(): Promise<void> {
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "user", width: { ideal: 1920 }, height: { ideal: 1080 } },
      });
      if (isClosed) return stop();
      video.srcObject = stream;
      await video.play();
      setState("live");
    } catch (error) {
      setState(error instanceof DOMException && error.name === "NotAllowedError" ? "refused" : "none");
    }
  }

  function stop(): void {
    for (const track of stream?.getTracks() ?? []) track.stop();
  }

  function take(): void {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d")!.drawImage(video, 0, 0);
    canvas.toBlob(
      (blob) => {
        if (blob) props.onPhoto(new File([blob], "camera.jpg", { type: "image/jpeg" }));
        props.onClose();
      },
      "image/jpeg",
      0.92,
    );
  }

  return (
    <Dialog
      title="Take a photo"
      onClose={props.onClose}
      actions={
        <>
          <button class="button" onClick={() => props.onClose()}>
            Cancel
          </button>
          <button class="button button-main" disabled={state() !== "live"} onClick={take}>
            Take the photo
          </button>
        </>
      }
    >
      <Show
        when={state() === "asking" || state() === "live"}
        fallback={
          <Notice
            kind="bad"
            title={
              state() === "refused"
                ? "This page isn't allowed to use the camera."
                : "There's no camera to use here."
            }
          >
            {state() === "refused"
              ? "Allow it in the address bar and try again, or choose a photo instead."
              : "Cameras only work over https, or on the server's own computer. Choose a photo instead."}
          </Notice>
        }
      >
        <video class="camera" ref={video} muted playsinline aria-label="What the camera sees" />
      </Show>
    </Dialog>
  );
}
