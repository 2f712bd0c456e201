/** JPEG quality that keeps what a model sees. */
const QUALITY = 0.92;

/** A photo as JPEG, where this browser can decode it (Safari can read HEIC); undefined where it cannot. */
export async function asJpeg(photo: Blob): Promise<Blob | undefined> {
  try {
    const bitmap = await createImageBitmap(photo);
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
    bitmap.close();
    return (
      (await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", QUALITY))) ?? undefined
    );
  } catch {
    return undefined;
  }
}
