import type { Scope } from '../domain/scope.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';

/**
 * One thing that can be asked: the servers register it, the OpenAPI document and the docs are made
 * from it.
 */
export interface Route {
  readonly method: Method;
  /** `{name}` is one path segment; a path ending in "/" is canonical with it. */
  readonly path: string;
  readonly summary: string;
  /** The scope a caller needs; null for what may be read (by everybody, unless `anonymous: none`). */
  readonly scope: Scope | null;
  /** Status -> what it means here. */
  readonly answers: Readonly<Record<number, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Media type -> what the body holds; a name of a schema in the document where there is one. */
  readonly body?: Readonly<Record<string, string>>;
}
