import { stat } from "node:fs/promises";
import { isAbsolute, join, posix, relative } from "node:path";
import { kindOfFile } from "@similarfaces/contracts/photoFiles";
import { glob, isDynamicPattern } from "tinyglobby";
import { filesOfFolder } from "../gallery/folder.js";
import { fromHere, hereFolder } from "./paths.js";

export interface PhotoFile {
  /** As the person would call it, from here. */
  name: string;
  path: string;
}

export interface PhotosAt {
  photos: PhotoFile[];
  /** Files in a folder, or that fit a pattern, that are no photos by their names. */
  passedOver: number;
  /** Why there are none, in words. */
  problem?: string;
}

/** A file, whatever it is called; the photos in a folder and below it; or those that a pattern fits which no shell has expanded. */
export async function photosAt(argument: string): Promise<PhotosAt> {
  const path = fromHere(argument);
  const about = await stat(path).catch(() => undefined);
  if (about?.isDirectory()) return inFolder(argument, path);
  if (about) return { photos: [{ name: argument, path }], passedOver: 0 };
  if (isDynamicPattern(argument)) return fitting(argument);
  return { photos: [], passedOver: 0, problem: "there is no such file" };
}

async function inFolder(argument: string, folder: string): Promise<PhotosAt> {
  const { photos, passedOver } = await filesOfFolder(folder);
  const files = photos.map(({ path }) => ({ name: join(argument, relative(folder, path)), path }));
  return photosOrNot(files, passedOver.length, "there are no photos in it");
}

async function fitting(argument: string): Promise<PhotosAt> {
  const pattern = posix.normalize(argument);
  const options = { cwd: hereFolder(), absolute: isAbsolute(pattern), expandDirectories: false };
  // What the person has spelt out is meant, whatever it is called.
  const spelt = pattern.split("/").findIndex((part) => isDynamicPattern(part));
  const kindOf = (name: string) => kindOfFile(name.split("/").slice(Math.max(0, spelt)).join("/")).kind;
  const names = (await glob(pattern, options)).filter((name) => kindOf(name) !== "system");
  const photos = names.filter((name) => kindOf(name) === "photo").sort();
  const files = photos.map((name) => ({ name, path: fromHere(name) }));
  return photosOrNot(files, names.length - photos.length, "no photo fits this pattern");
}

function photosOrNot(photos: PhotoFile[], passedOver: number, problem: string): PhotosAt {
  return { photos, passedOver, ...(photos.length === 0 ? { problem } : {}) };
}
