import type { Picked } from '../domain/generation.ts';
import type { Repo } from '../domain/repo.ts';

/** The plain picker: a repo holds what was uploaded to it. */
export function pickOwn(repo: Repo): { picks: Picked[]; suites: string[] } {
  const suite = repo.head.type === 'deb' ? repo.identity.distroVersion : '';
  const picks = Array.from(repo.binaries.values(), ({ name, arch, blob, modified }) => ({
    name,
    arch,
    blob,
    time: Math.floor(Date.parse(modified) / 1000),
    suite,
  }));
  return { picks, suites: suite === '' ? [] : [suite] };
}
