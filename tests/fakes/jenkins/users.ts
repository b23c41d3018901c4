import { createHash, randomBytes } from 'node:crypto';

/** Permissions by the name that people know; Jenkins' own names for them are in `permissionId`. */
export type Permission =
  | `Agent/${'Create' | 'Configure' | 'Connect' | 'Disconnect' | 'Delete' | 'ExtendedRead'}`
  | `Job/${'Read' | 'Discover' | 'Build' | 'Cancel'}`
  | 'Overall/Read'
  | 'Overall/Administer';

export interface User {
  readonly name: string;
  readonly permissions: readonly Permission[];
}

/** As in the recording; `admin` may everything. */
export const USERS: readonly User[] = [
  { name: 'admin', permissions: ['Overall/Administer'] },
  {
    name: 'operator',
    permissions: [
      ...(['Overall/Read', 'Job/Read', 'Job/Build', 'Job/Cancel', 'Agent/Create'] as const),
      ...(['Agent/Configure', 'Agent/Connect', 'Agent/Disconnect', 'Agent/Delete'] as const),
    ],
  },
  { name: 'viewer', permissions: ['Overall/Read', 'Job/Read', 'Agent/ExtendedRead'] },
  { name: 'reader', permissions: ['Overall/Read'] },
  { name: 'disco', permissions: ['Overall/Read', 'Job/Discover'] },
  { name: 'nobody', permissions: [] },
];

/** `hudson.model.Computer.Create`, as `X-Required-Permission` has it. */
export function permissionId(permission: Permission): string {
  const [group, right] = permission.split('/');
  const groups = { Agent: 'Computer', Job: 'Item', Overall: 'Hudson' };
  return `hudson.model.${groups[group as keyof typeof groups]}.${right}`;
}

/** Who may do what; anonymous nothing. */
export function may(user: User | null, permission: Permission): boolean {
  if (user === null) return false;
  return user.permissions.includes('Overall/Administer') || user.permissions.includes(permission);
}

/** The API token of a user: 34 characters, the same at every start, so that tests need not ask for it. */
export function tokenOf(name: string): string {
  return `11${createHash('md5').update(`token of ${name}`).digest('hex')}`;
}

/** The password of a user. */
export function passwordOf(name: string): string {
  return `password of ${name}`;
}

/** Who a request is from, and how it proved it. */
export type Login =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'user'; readonly user: User; readonly by: 'token' | 'password' };

/** Reads `Authorization: Basic`. */
export function readLogin(
  authorization: string | undefined,
  extraTokens: ReadonlyMap<string, string>,
): Login {
  const encoded = /^Basic (.*)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return { kind: 'anonymous' };
  const [, name = '', given = ''] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  const user = USERS.find((known) => known.name === name);
  if (user === undefined) return { kind: 'wrong' };
  if (given === tokenOf(name) || extraTokens.get(given) === name)
    return { kind: 'user', user, by: 'token' };
  return given === passwordOf(name) ? { kind: 'user', user, by: 'password' } : { kind: 'wrong' };
}

/** A new API token. */
export function newToken(): string {
  return `11${randomBytes(16).toString('hex')}`;
}
