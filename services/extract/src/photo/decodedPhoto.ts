import type { Picture, Region, Size } from "@similarfaces/vision";

/** An upright photo's pixels, and how many of them its file holds. */
export interface DecodedPhoto extends Picture {
  /** The file ended too early. */
  readonly isTruncated: boolean;
  /** What was decoded, pixels of the photo: all of it, unless its file was cut short. The rest is grey. */
  readonly decoded: Region;
}

export function wholePhoto(picture: Picture, isTruncated = false): DecodedPhoto {
  const { width, height } = picture;
  return { ...picture, isTruncated, decoded: { left: 0, top: 0, width, height } };
}

/** Where the first rows of the file lie in a photo that was turned and mirrored by an EXIF orientation (TIFF 6.0: which side is which). */
export function regionOfRows(rows: number, { width, height }: Size, orientation: number): Region {
  const [isColumns, isLast] = [orientation >= 5, [3, 4, 6, 7].includes(orientation)];
  return isColumns
    ? { left: isLast ? width - rows : 0, top: 0, width: rows, height }
    : { left: 0, top: isLast ? height - rows : 0, width, height: rows };
}
