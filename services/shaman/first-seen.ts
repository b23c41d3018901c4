import type { Commits } from './ports.ts';

/** The place in the order of all changes at which a sha1 was first seen under a ref; 0 when it never was. */
export function firstSeen(
  commits: Commits,
  of: { readonly project: string; readonly ref: string; readonly sha1: string },
): number {
  return commits.get(of.project, of.sha1)?.seen.get(of.ref)?.order ?? 0;
}
