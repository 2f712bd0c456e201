import { StageFailure } from "@similarfaces/contracts";

export interface PartHead {
  field: string;
  fileName: string | undefined;
  /** False where the content type says otherwise. */
  isText: boolean;
}

/** @throws StageFailure bad_request unless it is form-data with a name, in no transfer encoding */
export function readPartHead(head: string): PartHead {
  const headers = new Map<string, string>();
  // A line that begins with a blank goes on with the one before.
  for (const line of head.replace(/\r?\n[\t ]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const disposition = headers.get("content-disposition") ?? "";
  const parameters = parametersOf(disposition);
  const field = parameters.get("name");
  if (!/^form-data\s*(;|$)/i.test(disposition) || field === undefined)
    throw new StageFailure("bad_request", "Each part of a form says form-data and the name of its field.");
  if (!/^(7bit|8bit|binary)$/i.test(headers.get("content-transfer-encoding") ?? "binary"))
    throw new StageFailure(
      "bad_request",
      "A part of a form has its bytes as they are, in no other encoding.",
    );
  return {
    field,
    fileName: extended(parameters.get("filename*")) ?? parameters.get("filename"),
    isText: /^text\//i.test(headers.get("content-type") ?? "text/plain"),
  };
}

const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\[^])*)"|([^\s;"]*))/g;

function parametersOf(value: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name = "", quoted, token = ""] of value.matchAll(PARAMETER))
    parameters.set(name.toLowerCase(), quoted === undefined ? token : unquoted(quoted));
  return parameters;
}

/** Clients escape a quotation mark by a backslash (RFC 9110) or as browsers do (WHATWG); other backslashes are of Windows' paths. */
function unquoted(text: string): string {
  return text
    .replace(/\\(["\\])/g, "$1")
    .replace(/%(22|0d|0a)/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** `UTF-8''na%C3%AFve.jpg` (RFC 8187), which no browser sends and some libraries do. */
function extended(value: string | undefined): string | undefined {
  const [, text] = /^utf-8'[^']*'(.*)$/i.exec(value ?? "") ?? [];
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
