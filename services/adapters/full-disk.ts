import { GitbuilderError } from '../domain/errors.ts';

const FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Makes DISK_FULL of what a full disk says, so that the client goes to another node; other errors stay. */
export function asDiskFull(cause: unknown): unknown {
  if (!(cause instanceof Error) || !('code' in cause) || !FULL.has(cause.code)) return cause;
  return new GitbuilderError('DISK_FULL', { reserve: 0, free: 0 }, { cause });
}
