/** Where the photo lies in its frame: CSS pixels of the frame, magnified from the size at which all of it fits. */
export interface Placement {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
}

/** What the visitor looks at: a magnification, 1 shows all, and the point of the photo (0..1) in the middle of the frame. */
export interface View {
  zoom: number;
  x: number;
  y: number;
}

export const WHOLE: View = { zoom: 1, x: 0.5, y: 0.5 };
const ZOOM_MAX = 12;

export function placePhoto(frame: Size, photo: Size, view: View): Placement {
  const scale = Math.min(frame.width / photo.width, frame.height / photo.height) * view.zoom;
  const width = photo.width * scale;
  const height = photo.height * scale;
  return {
    width,
    height,
    left: alongAxis(frame.width, width, view.x),
    top: alongAxis(frame.height, height, view.y),
  };
}

/** Magnified so that the point of the photo under the pointer stays under it. */
export function zoomAt(
  frame: Size,
  photo: Size,
  view: View,
  at: { x: number; y: number },
  factor: number,
): View {
  const zoom = Math.min(ZOOM_MAX, Math.max(1, view.zoom * factor));
  const before = placePhoto(frame, photo, view);
  const under = { x: (at.x - before.left) / before.width, y: (at.y - before.top) / before.height };
  const after = placePhoto(frame, photo, { ...view, zoom });
  return clamped(frame, photo, {
    zoom,
    x: under.x + (frame.width / 2 - at.x) / after.width,
    y: under.y + (frame.height / 2 - at.y) / after.height,
  });
}

/** Moved by a number of CSS pixels. */
export function pan(frame: Size, photo: Size, view: View, by: { x: number; y: number }): View {
  const { width, height } = placePhoto(frame, photo, view);
  return clamped(frame, photo, { ...view, x: view.x - by.x / width, y: view.y - by.y / height });
}

/** The part of the photo around a face, so close that the face takes a third of the frame; never closer than pixels make sense. */
export function viewOfBox(
  frame: Size,
  photo: Size,
  box: { x: number; y: number; width: number; height: number },
): View {
  const fit = Math.min(frame.width / photo.width, frame.height / photo.height);
  const share = 1 / 3;
  const wanted = Math.min(
    (frame.width * share) / (box.width * fit),
    (frame.height * share) / (box.height * fit),
  );
  const zoom = Math.min(ZOOM_MAX, Math.max(1, wanted));
  return clamped(frame, photo, {
    zoom,
    x: (box.x + box.width / 2) / photo.width,
    y: (box.y + box.height / 2) / photo.height,
  });
}

/** A photo that is smaller than its frame lies in the middle; a larger one leaves no empty edge. */
function alongAxis(frame: number, photo: number, centre: number): number {
  if (photo <= frame) return (frame - photo) / 2;
  return Math.min(0, Math.max(frame - photo, frame / 2 - centre * photo));
}

/** The view with the centre that is shown, so that panning back begins at once. */
function clamped(frame: Size, photo: Size, view: View): View {
  const { left, top, width, height } = placePhoto(frame, photo, view);
  return { zoom: view.zoom, x: (frame.width / 2 - left) / width, y: (frame.height / 2 - top) / height };
}
