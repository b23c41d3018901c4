import type { Moment, ShamanRepo } from '../domain/shaman-repo.ts';
import type { Clock, RepoPresence, RepoRecords, RepoTruth } from './ports.ts';

/** So many questions without an answer, and the node is left alone for this round. */
const SILENT = 3;
const SECOND = 1000;

/**
 * Compares the records with what their nodes have, and marks those whose repo is gone as failed; one
 * that is there again is as it was. Slowly: nodes have better things to do. Answers how many it marked.
 */
export async function checkRepos(
  {
    repos,
    truth,
    clock,
  }: { readonly repos: RepoRecords; readonly truth: RepoTruth; readonly clock: Clock },
  options: { readonly perSecond: number; readonly isStopped: () => boolean },
): Promise<{ readonly gone: number; readonly back: number }> {
  const silent = new Map<string, number>();
  const marked = { gone: 0, back: 0 };
  let asked = 0;
  const settled = [...repos.all()].filter(
    ({ status }) => status === 'ready' || status === 'failed',
  );
  for (const repo of settled) {
    if (options.isStopped()) break;
    const { origin } = new URL(repo.chacraUrl);
    if ((silent.get(origin) ?? 0) >= SILENT) continue;
    const presence = await truth.ask(repo.chacraUrl);
    silent.set(origin, presence === 'unknown' ? (silent.get(origin) ?? 0) + 1 : 0);
    if (options.isStopped()) break;
    await repos.change(repo.chacraUrl, (current, moment) => {
      // What an event has changed meanwhile is newer than the answer.
      const after = current === repo ? afterAsking(repo, presence, moment) : null;
      if (after !== null) marked[after.gone === null ? 'back' : 'gone'] += 1;
      return after;
    });
    asked += 1;
    if (asked % options.perSecond === 0) await new Promise<void>((go) => clock.after(SECOND, go));
  }
  return marked;
}

/** What an answer makes of a record; null for no change. */
function afterAsking(repo: ShamanRepo, presence: RepoPresence, moment: Moment): ShamanRepo | null {
  const { gone } = repo;
  if (presence === 'gone' && gone === null) {
    return {
      ...repo,
      status: 'failed',
      reason: 'its storage node does not have it any more',
      gone: { since: moment.at, was: repo.status },
      modified: moment,
    };
  }
  if (presence !== 'there' || gone === null) return null;
  const reason =
    gone.was === 'failed' ? 'it failed before its storage node lost it for a while' : null;
  return { ...repo, status: gone.was, reason, gone: null, modified: moment };
}
