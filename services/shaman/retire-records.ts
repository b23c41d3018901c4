import { buildKey } from '../domain/build.ts';
import { fitsPattern } from '../domain/name-pattern.ts';
import type { BuildRecords, Clock, RepoRecords } from './ports.ts';

const DAY = 86_400_000;

/** How long records of some refs are kept after their last change; null: for ever. */
export interface RecordRule {
  /** `*` stands for anything. */
  readonly project: string;
  readonly ref: string;
  readonly repoDays: number | null;
  readonly buildDays: number | null;
}

/**
 * Forgets deleted repos a day after, when no late event of theirs can come any more, and what the
 * policy says: for each record the first rule that fits, and without one it stays.
 */
export async function retireRecords(
  {
    repos,
    builds,
    clock,
  }: { readonly repos: RepoRecords; readonly builds: BuildRecords; readonly clock: Clock },
  rules: readonly RecordRule[],
): Promise<{ readonly repos: number; readonly builds: number }> {
  const now = clock.now().getTime();
  const isOlder = (at: string, days: number | null | undefined): boolean =>
    days !== null && days !== undefined && Date.parse(at) <= now - days * DAY;
  const ruleFor = ({ project, ref }: { readonly project: string; readonly ref: string }) =>
    rules.find((rule) => fitsPattern(rule.project, project) && fitsPattern(rule.ref, ref));

  const oldRepos = [...repos.all()].filter(({ status, identity, modified }) =>
    isOlder(modified.at, status === 'deleted' ? 1 : ruleFor(identity)?.repoDays),
  );
  for (const repo of oldRepos) await repos.forget(repo);

  const oldBuilds = [...builds.all()].filter(({ identity, modified }) =>
    isOlder(modified.at, ruleFor(identity)?.buildDays),
  );
  for (const build of oldBuilds) {
    const key = buildKey(build);
    await builds.change(build.identity, (known) =>
      known.get(key) === build ? { remove: [key] } : null,
    );
  }
  return { repos: oldRepos.length, builds: oldBuilds.length };
}
