/** What a key may do; `admin` may everything. */
export type Scope = 'upload' | 'node' | 'agent' | 'operate' | 'admin';

export const SCOPES = [
  'upload',
  'node',
  'agent',
  'operate',
  'admin',
] as const satisfies readonly Scope[];

/** Whether somebody with these scopes may do what needs that one. */
export function allows(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.includes(needed) || scopes.includes('admin');
}
