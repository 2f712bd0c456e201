export type TokenKind = "comment" | "keyword" | "type" | "string" | "number" | "plain";

export interface Token {
  kind: TokenKind;
  text: string;
}

const GRAMMAR =
  /(?<comment>\/\/[^\n]*)|(?<string>"(?:[^"\\\n]|\\.)*")|(?<number>\b\d+\b)|(?<word>[A-Za-z_][\w.]*)/g;
const KEYWORDS = new Set(
  "syntax package import option message enum oneof repeated optional reserved map service rpc returns to".split(
    " ",
  ),
);
const SCALARS = new Set(
  "double float int32 int64 uint32 uint64 bool string bytes fixed32 fixed64".split(" "),
);

/** A .proto file in pieces for colouring; joined, they are the file again. */
export function protoTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of text.matchAll(GRAMMAR)) {
    if (match.index > end) tokens.push({ kind: "plain", text: text.slice(end, match.index) });
    tokens.push({ kind: kindOf(match.groups!), text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < text.length) tokens.push({ kind: "plain", text: text.slice(end) });
  return tokens;
}

function kindOf({ comment, string, number, word = "" }: Record<string, string | undefined>): TokenKind {
  if (comment !== undefined) return "comment";
  if (string !== undefined) return "string";
  if (number !== undefined) return "number";
  if (KEYWORDS.has(word)) return "keyword";
  // Messages and enums are capitalised, fields are not.
  return SCALARS.has(word) || /^(?:\w+\.)*[A-Z]/.test(word) ? "type" : "plain";
}
