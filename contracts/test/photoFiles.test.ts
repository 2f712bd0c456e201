import { describe, expect, it } from "vitest";
import { kindOfFile, nameOfFile, nameOfPath } from "../src/photoFiles.js";

it.each([
  ["Ada_Lovelace_0002.jpg", "Ada Lovelace"],
  ["Ada Lovelace (2).png", "Ada Lovelace"],
  ["ada-lovelace-2.jpeg", "ada-lovelace"],
  ["Jean-Luc.webp", "Jean-Luc"],
  ["7.jpg", "7"],
  ["R2D2.gif", "R2D2"],
  ["Zoë.tiff", "Zoë"],
  ["a.b - 3.webp", "a.b"],
  ["Sam_0001.jpg", "Sam"],
  ["Dan 12.jpg", "Dan"],
  ["Paige_0100.jpg", "Paige"],
  ["Bildad.jpg", "Bildad"],
  ["Scanlon 1.jpg", "Scanlon"],
  ["ADA_0001.jpg", "ADA"],
  ["_.gif", ""],
])("a picture called %s is of %s", (file, name) => {
  expect(nameOfFile(file)).toBe(name);
});

it.each([
  "DSC_0001.JPG",
  "DSC01234.JPG",
  "_DSC1234.jpg",
  "DSCF0012.JPG",
  "DSCN0012.JPG",
  "IMG_0001.JPG",
  "IMG_E0001.JPG",
  "IMG_20240101_120000.jpg",
  "IMG-20240101-WA0001.jpg",
  "_MG_1234.jpg",
  "MVIMG_20200101_120000.jpg",
  "PXL_20240101_120000000.MP.jpg",
  "P1000123.JPG",
  "P1000123 (2).JPG",
  "L1000123.JPG",
  "R0001234.JPG",
  "100_0001 (2).JPG",
  "IMAG0001.jpg",
  "STA_0001.JPG",
  "KICX0001.JPG",
  "HNI_0001.JPG",
  "WP_20140101_12_00_00_Pro.jpg",
  "PSX_20240101_120000.jpg",
  "C360_2014-01-01.jpg",
  "InShot_20240101.jpg",
  "viber_image_2024.jpg",
  "00000IMG_00000_BURST20240101.jpg",
  "1704110400000.jpg",
  "123456789_1234567890123_n.jpg",
  "100_0001.JPG",
  "GOPR0001.JPG",
  "DJI_0001.JPG",
  "SAM_0001.JPG",
  "20240101_120000.jpg",
  "2024-01-01 12.00.00.jpg",
  "WhatsApp Image 2024-01-01 at 12.00.00.jpeg",
  "Screenshot_20240101-120000.png",
  "Screenshot.png",
  "signal-2024-01-01-120000.jpg",
  "photo-1.jpg",
  "photo.jpg",
  "Image (3).png",
  "scan0001.jpg",
  "Scan 12.tif",
  "FB_IMG_1700000000000.jpg",
  "3F2504E0-4F89-11D3-9A0C-0305E82C3301.jpg",
  "d41d8cd98f00b204e9800998ecf8427e.jpg",
])("a camera's or a machine's %s is of nobody", (file) => {
  expect(nameOfFile(file)).toBe("");
});

describe("a path within what is imported", () => {
  it.each([
    ["Anna Test/DSC_0001.JPG", "Anna Test"],
    ["Ada/2024/photo.jpg", "Ada"],
    ["Zoe\u0308/1.jpg", "Zo\u00eb"],
    ["Ada_2.jpg", "Ada"],
    ["DCIM/100APPLE/IMG_0001.JPG", ""],
    ["100MSDCF/DSC00001.JPG", ""],
    ["Camera/IMG_0001.JPG", ""],
    ["2024-05-01/1.jpg", ""],
  ])("%s is of '%s'", (path, name) => {
    expect(nameOfPath(path)).toBe(name);
  });
});

it.each([
  ["Ada/1.JPG", "photo"],
  ["1.jfif", "photo"],
  ["1.jpe", "photo"],
  ["1.tif", "photo"],
  ["1.heic", "heic"],
  ["1.HIF", "heic"],
  [".DS_Store", "system"],
  ["Ada/._1.jpg", "system"],
  ["Thumbs.db", "system"],
  ["Ada/@eaDir/1.jpg/SYNOPHOTO_THUMB_M.jpg", "system"],
  ["#recycle/Ada/1.jpg", "system"],
  ["lost+found/1.jpg", "system"],
  [".Trashes/501/1.jpg", "system"],
  ["__MACOSX/Ada/1.jpg", "system"],
  ["Thumbs.db.jpg", "photo"],
])("%s is a file of kind %s", (path, kind) => {
  expect(kindOfFile(path).kind).toBe(kind);
});

it.each([
  ["1.cr3", /raw file/],
  ["1.bmp", /format that is not read/],
  ["1.mov", /video/],
  ["all.zip", /unpack/],
  ["notes.txt", /no photo/],
  ["without ending", /no photo/],
])("%s is passed over, and why is said", (path, reason) => {
  expect(kindOfFile(path)).toEqual({ kind: "other", reason: expect.stringMatching(reason) as string });
});
