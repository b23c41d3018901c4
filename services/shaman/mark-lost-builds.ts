import { buildKey } from '../domain/build.ts';
import type { Build } from '../domain/build.ts';
import type { BuildRecords, Clock } from './ports.ts';

/**
 * Marks builds as lost that started and were silent beyond the limit: an aborted job never reports.
 * Answers how many there were.
 */
export async function markLostBuilds(
  { builds, clock }: { readonly builds: BuildRecords; readonly clock: Clock },
  limitMilliseconds: number,
): Promise<number> {
  const latest = clock.now().getTime() - limitMilliseconds;
  const silent = [...builds.all()].filter((build) => isSilent(build, latest));
  let marked = 0;
  for (const { identity, ...rest } of silent) {
    const key = buildKey({ identity, ...rest });
    await builds.change(identity, (known, moment) => {
      const build = known.get(key);
      if (build === undefined || !isSilent(build, latest)) return null;
      marked += 1;
      const history = [...build.history, { status: 'lost', at: moment.at } as const];
      return { put: [{ ...build, status: 'lost', history, modified: moment }] };
    });
  }
  return marked;
}

function isSilent({ status, modified }: Build, latest: number): boolean {
  return status === 'started' && Date.parse(modified.at) <= latest;
}
