/** The rights of a key. `gallery:write` includes `gallery:read`, `admin` includes all. */
export const SCOPES = ["analyse", "gallery:read", "gallery:write", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

const INCLUDED: Readonly<Record<Scope, readonly Scope[]>> = {
  analyse: ["analyse"],
  "gallery:read": ["gallery:read"],
  "gallery:write": ["gallery:read", "gallery:write"],
  admin: SCOPES,
};

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}

/** The scopes given, with what they include. */
export function granted(scopes: Iterable<Scope>): ReadonlySet<Scope> {
  return new Set([...scopes].flatMap((scope) => INCLUDED[scope]));
}
