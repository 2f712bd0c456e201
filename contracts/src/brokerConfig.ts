import type { Permissions } from "./brokerUsers.js";

export interface BrokerLogin {
  readonly user: string;
  /** As the configuration writes it: a quoted word, or `$NAME` of a variable in the server's environment. */
  readonly password: string;
  /** Everything, where it is not given. */
  readonly permissions?: Permissions;
}

/** The block `authorization` of nats-server's configuration, a text of several lines. */
export function authorizationConfig(logins: readonly BrokerLogin[]): string {
  const block = (login: BrokerLogin): string => {
    const { user, password, permissions } = login;
    if (!permissions) return `    { user: ${user}, password: ${password} }`;
    const { publish, subscribe, allowResponses } = permissions;
    return [
      `    { user: ${user}, password: ${password}, permissions: {`,
      `      publish: { allow: [\n${listed(publish)}\n      ] }`,
      `      subscribe: { allow: [\n${listed(subscribe)}\n      ] }`,
      ...(allowResponses ? ["      allow_responses: true"] : []),
      `    } }`,
    ].join("\n");
  };
  return `authorization {\n  users: [\n${logins.map(block).join("\n")}\n  ]\n}\n`;
}

function listed(subjects: readonly string[]): string {
  return subjects.map((subject) => `        ${JSON.stringify(subject)}`).join("\n");
}
