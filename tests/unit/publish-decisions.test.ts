import fc from 'fast-check';
import t from 'tap';
import { repoEventBody, repoJson } from '../../services/api/repo-json.ts';
import { deletedHead } from '../../services/chacra/delete-repo.ts';
import { afterBinaryChange, headForUpload } from '../../services/chacra/mark-repo.ts';
import type { ProjectRules } from '../../services/chacra/project-rules.ts';
import { begin, fail, failureOf, succeed } from '../../services/chacra/publish-steps.ts';
import {
  announceState,
  coveringGeneration,
  requestUpdate,
} from '../../services/chacra/request-update.ts';
import { GitbuilderError } from '../../services/domain/errors.ts';
import { isPending, REPO_STATUSES, statusFlags } from '../../services/domain/repo-status.ts';
import type { RepoStatus } from '../../services/domain/repo-status.ts';
import { newRepoHead, unpublishedCount } from '../../services/domain/repo.ts';
import type { LiveGeneration, Repo, RepoHead } from '../../services/domain/repo.ts';
import { DEFAULT_PROJECT } from '../../services/platform/project-settings.ts';
import { someBinary, someIdentity } from '../fixtures/some-repo.ts';

const NOW = new Date('2026-11-22T13:34:54.846Z');
const AUTOMATIC: ProjectRules = DEFAULT_PROJECT;
const MANUAL: ProjectRules = { ...DEFAULT_PROJECT, automatic: false };
const DISABLED: ProjectRules = { ...DEFAULT_PROJECT, disabled: true };

function repoOf(head: Partial<RepoHead>, names: readonly string[] = ['a.deb']): Repo {
  const binaries = new Map(names.map((name) => [`x86_64/${name}`, someBinary(name)]));
  return {
    identity: someIdentity(),
    head: { ...newRepoHead(NOW.toISOString()), ...head },
    binaries,
  };
}

function liveOf(repo: Repo, fields: Partial<LiveGeneration> = {}): LiveGeneration {
  return {
    number: repo.head.generation,
    files: repo.head.generation,
    published: NOW.toISOString(),
    revision: repo.head.revision,
    archs: ['x86_64'],
    packages: repo.binaries.size,
    signedBy: null,
    shadowed: [],
    superseded: [],
    incomplete: [],
    sources: [],
    ...fields,
  };
}

/** What shaman hears, oldest first, with the generation that each is about. */
function heard({ events }: RepoHead): string[] {
  return events.map(({ status, generation }) => `${status} ${generation}`);
}

t.test('what an update and an upload do in every state', (t) => {
  const rows: [RepoStatus, update: string, events: number, upload: string][] = [
    ['collecting', 'queued', 2, 'requested'],
    ['requested', 'queued', 2, 'requested'],
    ['queued', 'queued', 0, 'queued'],
    ['building', 'building, again now', 0, 'building, again quiet'],
    ['ready', 'queued', 2, 'requested'],
    ['failed', 'queued', 2, 'requested'],
  ];
  const shown = ({ status, again }: RepoHead) =>
    again === null ? status : `${status}, again ${again}`;
  for (const [status, update, events, upload] of rows) {
    const repo = repoOf({ status, generation: 4 });
    const updated = requestUpdate(repo, MANUAL, NOW, 'update') ?? repo.head;
    t.equal(shown(updated), update, `update when ${status}`);
    t.same(heard(updated), ['requested 5', 'queued 5'].slice(0, events));
    t.equal(coveringGeneration(updated), 5, 'the next publish covers what is there now');
    t.equal(updated.rebuild, false);
    t.equal(requestUpdate(repo, MANUAL, NOW, 'recreate')?.rebuild, true);
    t.equal(requestUpdate(repo, DISABLED, NOW, 'update'), null, 'nothing of a disabled project');
    t.equal(shown(afterBinaryChange(repo.head, AUTOMATIC)), upload, `upload when ${status}`);
    t.equal(afterBinaryChange(repo.head, MANUAL), repo.head);
    t.equal(afterBinaryChange(repo.head, DISABLED), repo.head);
  }
  t.throws(() => requestUpdate(repoOf({ status: 'deleted' }), MANUAL, NOW, 'update'), {
    code: 'REPO_NOT_FOUND',
  });
  const raw = requestUpdate(repoOf({ type: 'raw' }), MANUAL, NOW, 'update');
  t.same(
    raw?.events.map(({ status }) => status),
    ['queued'],
    'raw announces itself from queued on',
  );
  const now = requestUpdate(
    repoOf({ status: 'building', again: 'quiet' }),
    AUTOMATIC,
    NOW,
    'update',
  );
  t.equal(now?.again, 'now', 'an update does not wait for quiet');
  t.equal(
    afterBinaryChange({ ...repoOf({ status: 'building' }).head, again: 'now' }, AUTOMATIC).again,
    'now',
  );
  t.end();
});

t.test('the three flags of the original', (t) => {
  const flags = REPO_STATUSES.map((status) => {
    const { needs_update, is_queued, is_updating } = statusFlags(status);
    return [status, needs_update, is_queued, is_updating, isPending(status)];
  });
  t.same(flags, [
    ['collecting', false, false, false, false],
    ['requested', true, false, false, true],
    ['queued', true, true, false, true],
    ['building', false, false, true, true],
    ['ready', false, false, false, false],
    ['failed', false, false, false, false],
    ['deleted', false, false, false, false],
  ]);
  t.end();
});

t.test('a publish that succeeds, fails, and is asked for again meanwhile', (t) => {
  const queued = repoOf({ status: 'queued', generation: 1, revision: 3 });
  const building = { ...queued, head: begin(queued, NOW) };
  t.match(building.head, { status: 'building', generation: 2 });
  t.same(heard(building.head), ['building 2']);

  const ready = { ...queued, head: succeed(building, liveOf(building), NOW) };
  t.match(ready.head, { status: 'ready', failure: null, live: { number: 2, files: 2 }, older: [] });
  t.same(heard(ready.head), ['building 2', 'ready 2']);

  const second = { ...ready, head: begin(ready, NOW) };
  const failure = { message: 'cut off', package: 'a.deb' };
  const failed = { ...ready, head: fail(second, failure, NOW) };
  t.match(failed.head, { status: 'failed', failure, generation: 3, live: { number: 2 } });
  t.match(failed.head.events.at(-1), { status: 'failed', reason: 'a.deb: cut off', generation: 3 });
  t.equal(
    fail(second, { message: 'no disk', package: null }, NOW).events.at(-1)?.reason,
    'no disk',
  );
  const json = repoJson(failed, 'http://x/');
  t.match(json, {
    status: 'failed',
    reason: 'cut off',
    failed_package: 'a.deb',
    live_generation: 2,
  });

  const third = { ...failed, head: begin(failed, NOW) };
  const unchanged = succeed(third, liveOf(third, { files: 2 }), NOW);
  t.same(unchanged.older, [], 'the files before it are those of the new number');
  t.match(unchanged, { failure: null, live: { number: 4, files: 2 } });
  const replaced = succeed(third, liveOf(third), NOW);
  t.same(replaced.older, [{ files: 2, replaced: NOW.toISOString() }]);

  const first = NOW.toISOString();
  const later = '2027-01-01T00:00:00.000Z';
  const again = succeed(third, liveOf(third, { published: later }), NOW);
  t.match(again.live, { published: later, ownPublished: first }, 'no younger by what others bring');
  const fresh = { ...third, head: { ...third.head, live: again.live, revision: 4 } };
  const own = succeed(fresh, liveOf(fresh, { published: later }), NOW);
  t.equal(own.live?.ownPublished, undefined, 'but by its own');
  const thrice = succeed({ ...third, head: again }, liveOf(third, { published: '2028' }), NOW);
  t.match(thrice.live, { published: '2028', ownPublished: first });

  for (const end of [
    (repo: Repo) => succeed(repo, liveOf(repo), NOW),
    (repo: Repo) => fail(repo, failure, NOW),
  ]) {
    const now = end({ ...third, head: { ...third.head, again: 'now', rebuild: true } });
    t.match(now, { status: 'queued', again: null, rebuild: true, generation: 4 });
    t.same(heard(now).slice(-2), ['requested 5', 'queued 5']);
    const quiet = end({ ...third, head: { ...third.head, again: 'quiet' } });
    t.match(quiet, { status: 'requested', again: null });
    t.match(quiet.events.at(-1)?.status, /ready|failed/, 'quiet time is not announced');
  }
  const rebuilt = { ...third, head: { ...third.head, rebuild: true } };
  t.equal(succeed(rebuilt, liveOf(rebuilt), NOW).rebuild, false, 'one recreate, one rebuild');
  t.equal(fail(rebuilt, failure, NOW).rebuild, true, 'a failed one is still owed');
  t.end();
});

t.test('why a publish failed', (t) => {
  const malformed = new GitbuilderError('PACKAGE_MALFORMED', { name: 'a.deb', reason: 'cut off' });
  t.same(failureOf(malformed), { message: malformed.message, package: 'a.deb' });
  t.same(failureOf(new Error('no disk')), { message: 'no disk', package: null });
  t.same(failureOf('odd'), { message: 'odd', package: null });
  t.end();
});

t.test('what shaman is told of a state is about that state', (t) => {
  const failure = { message: 'cut off', package: 'a.deb' };
  const failed = repoOf({ status: 'failed', failure, generation: 2, extra: { version: '1' } });
  const head = requestUpdate(failed, MANUAL, NOW, 'update') ?? failed.head;
  const repo = { ...failed, head: fail({ ...failed, head }, failure, NOW) };
  const bodies = repo.head.events.map((event) => repoEventBody(repo, event, 'https://1.chacra/'));
  const at = NOW.getTime();
  t.match(bodies, [
    {
      status: 'requested',
      reason: null,
      failed_package: null,
      sequence: at,
      generation: 3,
      needs_update: true,
    },
    { status: 'queued', reason: null, sequence: at + 1, is_queued: true },
    {
      status: 'failed',
      reason: 'a.deb: cut off',
      archs: ['x86_64'],
      sequence: at + 2,
      needs_update: false,
    },
  ]);
  const path = `ceph/wip%2Fbranch-0/${repo.identity.sha1}/ubuntu/noble/flavors/default/`;
  t.match(bodies[0], {
    project_name: 'ceph',
    ref: 'wip/branch-0',
    distro_version: 'noble',
    modified: '2026-11-22 13:34:54.846000',
    archs: ['x86_64'],
    extra: { version: '1' },
    chacra_url: `https://1.chacra/repos/${path}`,
    url: `https://1.chacra/r/${path}`,
  });
  t.end();
});

const ACTIONS = 'upload update recreate back quiet begin succeed fail delete'.split(' ');
const actions = fc.array(fc.constantFrom(...ACTIONS), { maxLength: 40 });

t.test('through any life of a repo the flags tell whether a publish is owed or runs', (t) => {
  const rules = fc.constantFrom(MANUAL, AUTOMATIC, DISABLED);
  const law = fc.property(rules, actions, (rules, life) => {
    let repo: Repo | undefined;
    let owed = false;
    let again = false;
    let promises: { readonly number: number; readonly revision: number }[] = [];
    let captured = 0;
    for (const [step, action] of life.entries()) {
      const now = new Date(NOW.getTime() + step);
      const before: RepoHead | undefined = repo?.head;
      const isBuilding = before?.status === 'building';
      let head = before;
      if (action === 'upload') {
        const base = headForUpload(repo, now.toISOString());
        head = afterBinaryChange({ ...base, revision: base.revision + 1 }, rules);
        if (rules.automatic && !rules.disabled)
          [owed, again] = isBuilding ? [owed, true] : [true, again];
        // What goes back does not show it.
        if (before?.status === 'queued' && before.goBackTo !== null) again = head.again !== null;
      }
      if (repo !== undefined && before !== undefined && before.status !== 'deleted') {
        if (action === 'update' || action === 'recreate') {
          head = requestUpdate(repo, rules, now, action) ?? before;
          if (!rules.disabled) {
            [owed, again] = isBuilding ? [owed, true] : [true, again];
            promises.push({ number: coveringGeneration(head), revision: head.revision });
          }
        }
        if (action === 'back') {
          head = requestUpdate(repo, rules, now, { goBackTo: 1 }) ?? before;
          if (!rules.disabled) [owed, again] = isBuilding ? [owed, true] : [true, again];
          // Whatever was promised before, this is what was asked last.
          if (!rules.disabled) promises = [];
        }
        if (action === 'quiet' && before.status === 'requested')
          head = announceState(repo, { ...before, status: 'queued' }, 'queued', now);
        if (action === 'begin' && before.status === 'queued') {
          head = begin(repo, now);
          if (head.generation !== before.generation + 1) return false;
          [owed, captured] = [false, head.goBackTo === null ? head.revision : 0];
        }
        if (isBuilding && (action === 'succeed' || action === 'fail')) {
          const live = liveOf(repo, { revision: captured });
          head =
            action === 'succeed'
              ? succeed(repo, live, now)
              : fail(repo, { message: '', package: null }, now);
          [owed, again] = [again, false];
          // An update answered the number that covers it: from it on its uploads are published.
          if (action === 'succeed') {
            if (
              promises.some(({ number, revision }) => live.number >= number && captured < revision)
            )
              return false;
            promises = promises.filter(({ number }) => number > live.number);
          }
        }
        if (action === 'delete') {
          head = deletedHead(repo, now);
          [owed, again, promises] = [false, false, []];
        }
      }
      if (head === undefined) continue;
      repo = repoOf(head);
      const { status, events, sequence, live, revision } = head;
      const { needs_update, is_queued, is_updating } = statusFlags(status);
      const last = events.at(-1);
      const isSilent = status === 'collecting' || status === 'requested';
      const isTold =
        isSilent || last?.status === status || (status === 'deleted' && last === undefined);
      const isTrue =
        (needs_update || is_queued || is_updating) === (owed || status === 'building') &&
        is_updating === (status === 'building') &&
        isTold &&
        (last === undefined || last.sequence === sequence) &&
        events.every((event, i) => i === 0 || event.sequence > (events[i - 1]?.sequence ?? 0)) &&
        sequence >= (before?.sequence ?? 0) &&
        head.generation >= (before?.generation ?? 0) &&
        (live === null || unpublishedCount(repo) === revision - live.revision);
      if (!isTrue) return false;
    }
    return true;
  });
  t.doesNotThrow(() => fc.assert(law, { numRuns: 1000 }));
  t.end();
});
