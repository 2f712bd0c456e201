/** Without control characters, which a file's name may hold and which would steer the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, "?");
}
