import type { IdentityPage } from "@similarfaces/contracts/api";
import { announce } from "../announce";
import { listIdentities } from "../api/gallery";
import { counted } from "../formats";

const PAGE_SIZE = 48;

/** Where each page of a search begins, as far as this visit has been there: the gallery only knows the next one. */
const beginnings = new Map<string, string[]>();

/** What one address shows, as it was loaded. */
export interface PageOfPeople extends IdentityPage {
  name: string;
  number: number;
}

/** @throws ApiFailure */
export async function loadPage(address: string): Promise<PageOfPeople> {
  const asked = new URLSearchParams(address);
  const name = asked.get("name") ?? "";
  const pageToken = asked.get("after") ?? "";
  const number = pageToken === "" ? 1 : Math.max(2, Math.floor(Number(asked.get("page"))) || 2);
  const found = await listIdentities({ name, pageSize: PAGE_SIZE, pageToken });
  const known = beginnings.get(name) ?? [""];
  known[number - 1] = pageToken;
  if (found.nextPageToken !== "") known[number] = found.nextPageToken;
  beginnings.set(name, known);
  if (name !== "") announce(`${counted(found.total, "person", "people")} found`);
  return { ...found, name, number };
}

/** A page of people with very many faces is shorter, so that there may be more pages than are counted here. */
export const pagesOf = ({ total, number, nextPageToken }: PageOfPeople): number =>
  Math.max(Math.ceil(total / PAGE_SIZE), number + (nextPageToken === "" ? 0 : 1));

/** Of a page of a search; the first, where this visit never saw the beginning of that page. */
export function addressOf(name: string, page: number): string {
  const after = beginnings.get(name)?.[page - 1];
  const isKnown = page > 1 && after !== undefined;
  const parts = new URLSearchParams({
    ...(name ? { name } : {}),
    ...(isKnown ? { page: String(page), after } : {}),
  });
  return parts.size > 0 ? `/gallery?${parts}` : "/gallery";
}
