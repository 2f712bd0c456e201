import type { About, Analyzers, Status } from "@similarfaces/contracts/api";
import { asGuest } from "../shares";
import { ask, send } from "./request";

export const getAbout = () => ask<About>(asGuest("/v1/about"));
export const getStatus = () => ask<Status>("/v1/status");

export const getAnalyzers = async () => (await ask<Analyzers>(asGuest("/v1/analyzers"))).analyzers;

/** A picture that this page shows, as bytes. */
export async function fetchPicture(path: string): Promise<Blob> {
  return (await send(path, {})).blob();
}
