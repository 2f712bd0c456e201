import { fetchPicture } from "../api/installation";
import { FOREIGN_IMAGE, folderRefusal, type Refusal } from "./photoCheck";

/** What a person gave at once: files, and what cannot be taken, in words. */
export interface Given {
  files: File[];
  refusals: Refusal[];
}

/** Files of a drop, or the picture that was dragged from a page. Folders are refused. */
export async function givenByDrop(data: DataTransfer): Promise<Given> {
  // The transfer is emptied after the first wait: everything is taken out of it before.
  const folders = new Set<string>();
  for (const item of data.items) {
    const entry = item.kind === "file" ? item.webkitGetAsEntry() : null;
    if (entry?.isDirectory) folders.add(entry.name);
  }
  const files = [...data.files].filter(({ name }) => !folders.has(name));
  const html = data.getData("text/html");
  const address = data.getData("text/uri-list").split(/[\r\n]+/)[0] ?? "";
  const refusals = [...folders].map(folderRefusal);
  if (files.length > 0 || refusals.length > 0) return { files, refusals };
  const source = pictureIn(html) ?? address;
  if (source === "") return { files, refusals: [NOTHING_GIVEN] };
  const picture = await readPicture(source);
  return picture ? { files: [picture], refusals } : { files, refusals: [FOREIGN_IMAGE] };
}

/** The pictures of a paste; nothing where text was pasted. */
export function givenByPaste(data: DataTransfer): Given {
  return { files: [...data.files], refusals: [] };
}

/** What is in the clipboard, asked for with a key; the browser may ask the person. */
export async function givenByClipboard(): Promise<Given> {
  try {
    const files: File[] = [];
    for (const item of await navigator.clipboard.read()) {
      const type = item.types.find((name) => name.startsWith("image/"));
      if (type) files.push(new File([await item.getType(type)], "pasted picture", { type }));
    }
    return files.length > 0 ? { files, refusals: [] } : { files, refusals: [NOTHING_PASTED] };
  } catch {
    return { files: [], refusals: [PASTE_YOURSELF] };
  }
}

const NOTHING_GIVEN: Refusal = {
  title: "There's no photo in what you dropped.",
  help: "Drop a photo from your computer.",
};

const NOTHING_PASTED: Refusal = {
  title: "There's no picture on the clipboard.",
  help: "Copy a picture (not its address), then paste it.",
};

const PASTE_YOURSELF: Refusal = {
  title: "The browser won't let this page read the clipboard.",
  help: "Press Ctrl+V (⌘V on a Mac) instead.",
};

function pictureIn(html: string): string | undefined {
  return (
    new DOMParser().parseFromString(html, "text/html").querySelector("img")?.getAttribute("src") ?? undefined
  );
}

/** The bytes behind an address, if this page may read them: its own pictures, and those written out in the address. */
async function readPicture(source: string): Promise<File | undefined> {
  const written = /^data:(image\/[\w.+-]+);base64,([A-Za-z0-9+/=\s]+)$/.exec(source);
  if (written) {
    const bytes = Uint8Array.from(atob(written[2]!), (character) => character.charCodeAt(0));
    return new File([bytes], "dragged picture", { type: written[1]! });
  }
  if (!URL.canParse(source, location.href)) return undefined;
  const address = new URL(source, location.href);
  if (address.origin !== location.origin) return undefined;
  const picture = await fetchPicture(address.pathname + address.search).catch(() => undefined);
  return picture && new File([picture], "dragged picture", { type: picture.type });
}
