import type { GivenFile } from "./importPlan";

/** The files of `<input webkitdirectory>`, or of a plain choice of files. */
export function filesOfInput(input: HTMLInputElement): GivenFile[] {
  return [...(input.files ?? [])].map((file) => ({
    path: file.webkitRelativePath || `files/${file.name}`,
    file,
  }));
}

/** All files of what was dropped, folders with everything below them. */
export async function filesOfDrop(data: DataTransfer): Promise<GivenFile[]> {
  // The transfer is emptied after the first wait: the entries are taken out of it before.
  const entries = [...data.items].flatMap((item) => {
    const entry = item.kind === "file" ? item.webkitGetAsEntry() : null;
    return entry ? [entry] : [];
  });
  const found: GivenFile[] = [];
  // Files, or several folders, beside one another are the content of a folder without a name.
  const above = entries.length === 1 && entries[0]!.isDirectory ? "" : "dropped/";
  for (const entry of entries) await walk(entry, above, found);
  return found;
}

async function walk(entry: FileSystemEntry, above: string, found: GivenFile[]): Promise<void> {
  const path = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives a hundred at a time, and nothing at the end.
    const batch = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (batch.length === 0) return;
    for (const child of batch) await walk(child, `${path}/`, found);
  }
}
