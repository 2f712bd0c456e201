/** `/gallery`, `/gallery/<identity>`; with `?job=<id>&face=<index>` a face of a finished job is to be added. */
export default function Gallery() {
  return (
    <div class="page">
      <h1>Gallery</h1>
    </div>
  );
}
