import type { Page } from "playwright-core";

/** Drags files or folders of this machine over the middle of the page, as the desktop does. */
export async function dragIn(page: Page, paths: string[], until: "over" | "drop"): Promise<void> {
  const { width, height } = page.viewportSize()!;
  const client = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  const at = { x: width / 2, y: height / 2, data };
  for (const type of ["dragEnter", "dragOver", ...(until === "drop" ? (["drop"] as const) : [])] as const) {
    await client.send("Input.dispatchDragEvent", { type, ...at });
  }
  await client.detach();
}
