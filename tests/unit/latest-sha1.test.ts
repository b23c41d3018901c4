import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { openShamanStore } from '../../services/adapters/shaman-store.ts';
import { parseAskedPlatforms, platformName } from '../../services/domain/asked-platform.ts';
import type { BuildStatus } from '../../services/domain/build.ts';
import { BUILD_STATUSES } from '../../services/domain/build.ts';
import { DISTROS } from '../../services/domain/distros.ts';
import { GitbuilderError } from '../../services/domain/errors.ts';
import { ANNOUNCED_STATUSES } from '../../services/domain/repo-status.ts';
import {
  answerLatest,
  couldSettleLatest,
  isLatestSettled,
} from '../../services/shaman/answer-latest.ts';
import { recordBuild } from '../../services/shaman/record-build.ts';
import { recordRepoEvent } from '../../services/shaman/record-repo-event.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { testFolder } from '../fixtures/test-folder.ts';

t.test('platforms, as people call them', async (t) => {
  const named = (text: string) =>
    parseAskedPlatforms(text, { ...DISTROS, mint: { vera: '21.1' } }).map(platformName);
  for (const [text, names] of [
    ['trusty,xenial,centos7', ['ubuntu/14.04', 'ubuntu/16.04', 'centos/7']],
    ['noble, debian/12 ,bookworm', ['ubuntu/24.04', 'debian/12']],
    ['ubuntu/jammy/arm64,jammy/aarch64', ['ubuntu/22.04/arm64']],
    ['noble/x86_64,rocky10/arm64', ['ubuntu/24.04/x86_64', 'rocky/10/arm64']],
    [
      'opensuse15.6,centos-stream9,ubuntu22.04',
      ['opensuse/15.6', 'centos-stream/9', 'ubuntu/22.04'],
    ],
    ['vera', ['mint/21.1']],
    ['windows/1809,centos/9', ['windows/1809', 'centos/9']],
    ['stonking,stonking/s390x', ['stonking', 'stonking/s390x']],
  ] as const) {
    t.same(named(text), names, text);
  }
  const most = Array.from({ length: 51 }, (_, number) => `fedora${number}`).join(',');
  for (const text of [
    '',
    ',',
    'xenial,',
    '/',
    'a/b/c/d',
    'centos//arm64',
    'ubuntu',
    '9',
    '9/arm64',
  ]) {
    t.throws(() => named(text), { status: 400, code: 'PLATFORM_INVALID' }, `refused: ${text}`);
  }
  for (const text of ['a b', 'ubuntu/22.04/x y', '../x', 'a<b', 'x'.repeat(300), most]) {
    t.throws(() => named(text), GitbuilderError, `refused: ${text.slice(0, 20)}`);
  }
});

const RELEASES = [
  { distro: 'ubuntu', told: 'jammy', asked: ['jammy', 'ubuntu/22.04', 'ubuntu22.04'] },
  { distro: 'ubuntu', told: 'noble', asked: ['noble', 'ubuntu/noble', 'ubuntu/24.04'] },
  { distro: 'centos', told: '9', asked: ['centos9', 'centos/9'] },
] as const;
/** By any of their names, and the one that the model goes by. */
const ARCHS = new Map([
  ['x86_64', 'pc'],
  ['amd64', 'pc'],
  ['arm64', 'arm'],
  ['aarch64', 'arm'],
]);

const small = (length: number) => fc.nat({ max: length - 1 });
const where = {
  sha1: small(4),
  ref: fc.constantFrom('main', 'main', 'main', 'wip/x'),
  release: small(3),
};
const arch = fc.constantFrom(...ARCHS.keys());
const flavor = fc.constantFrom('default', 'default', 'default', 'default', 'debug');
// Mostly ready and completed, or nothing would ever be the answer.
const repoStatus = fc.oneof(
  { weight: 5, arbitrary: fc.constant('ready' as const) },
  fc.constantFrom(...ANNOUNCED_STATUSES),
);
const buildStatus = fc.oneof(
  { weight: 5, arbitrary: fc.constant<BuildStatus>('completed') },
  fc.constantFrom(...BUILD_STATUSES),
);
const change = fc.oneof(
  fc.record({
    ...where,
    kind: fc.constant('repo' as const),
    node: small(2),
    flavor,
    status: repoStatus,
    archs: fc.array(arch, { maxLength: 2 }),
  }),
  fc.record({
    ...where,
    kind: fc.constant('build' as const),
    flavor,
    status: buildStatus,
    arch: fc.option(arch, { freq: 2 }),
  }),
);
const question = fc.record({
  ref: where.ref,
  flavor,
  allowPartial: fc.boolean(),
  wanted: fc.array(fc.record({ release: small(3), spelling: fc.nat(), arch: fc.option(arch) }), {
    minLength: 1,
    maxLength: 3,
  }),
});
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
type Asked = typeof question extends fc.Arbitrary<infer T> ? T : never;

/** What the issue says, word by word, over the list of everything that was ever told. */
function naiveAnswer(changes: readonly Change[], { ref, flavor, allowPartial, wanted }: Asked) {
  // The last word on each record.
  const last = new Map<string, Change>();
  const firstSeen = new Map<number, number>();
  for (const [at, each] of changes.entries()) {
    const { kind, sha1, release } = each;
    const rest = kind === 'repo' ? `repo ${each.node}` : `build ${ARCHS.get(each.arch ?? '')}`;
    const key = [each.ref, sha1, release, each.flavor, rest].join(' ');
    const isNothing = kind === 'repo' && each.status === 'deleted' && last.get(key) === undefined;
    if (each.ref === ref && !isNothing && !firstSeen.has(sha1)) firstSeen.set(sha1, at);
    if (kind === 'repo' && each.status === 'deleted') last.delete(key);
    else last.set(key, each);
  }
  const living = [...last.values()].filter((each) => each.ref === ref);
  const isOneOf = (asked: string | null, told: string | null) =>
    asked === null || told === null || ARCHS.get(asked) === ARCHS.get(told);
  const isReady = (sha1: number, asked: Asked['wanted'][number]) => {
    const cell = living.filter(
      (each) => each.sha1 === sha1 && each.release === asked.release && each.flavor === flavor,
    );
    return (
      cell.some(
        (each) =>
          each.kind === 'repo' &&
          each.status === 'ready' &&
          (asked.arch === null || each.archs.some((told) => isOneOf(asked.arch, told))),
      ) &&
      !cell.some(
        (each) =>
          each.kind === 'build' &&
          ['queued', 'started'].includes(each.status) &&
          isOneOf(asked.arch, each.arch),
      )
    );
  };
  const sha1s = [...new Set(living.map(({ sha1 }) => sha1))].sort(
    (a, b) => (firstSeen.get(b) ?? 0) - (firstSeen.get(a) ?? 0),
  );
  const complete = sha1s.find((sha1) => wanted.every((asked) => isReady(sha1, asked)));
  const partial = sha1s.find((sha1) => wanted.some((asked) => isReady(sha1, asked)));
  return {
    found: allowPartial ? partial : complete,
    complete,
    newest: sha1s[0],
    lacks: wanted.map((asked) => sha1s[0] !== undefined && !isReady(sha1s[0], asked)),
  };
}

t.test('latest is what the rule says, whatever happened', async (t) => {
  const store = await openShamanStore({
    root: testFolder(t),
    clock: new ManualClock(),
    log: new RecordingLog(),
  });
  t.teardown(() => store.close());
  let run = 0;
  let hits = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 10, maxLength: 60 }),
      question,
      async (changes, asked) => {
        const project = `project-${(run += 1)}`;
        // Each waits for the disk, but they take effect in this order.
        await Promise.all(changes.map((each, at) => tell(store, project, each, at)));
        // Two names of one platform are one platform.
        const wanted = [
          ...new Map(
            asked.wanted.map((each) => [`${each.release} ${ARCHS.get(each.arch ?? '')}`, each]),
          ).values(),
        ];
        const spelled = wanted.map(({ release, spelling, arch }) => {
          const names = RELEASES[release]?.asked ?? [];
          return `${names[spelling % names.length]}${arch === null ? '' : `/${arch}`}`;
        });
        const { ref, flavor, allowPartial } = asked;
        const question = {
          ...{ project, ref, flavor, allowPartial },
          platforms: parseAskedPlatforms(spelled.join(','), DISTROS),
        };
        const collaborators = { commits: store.commits, distros: DISTROS };
        const answer = answerLatest(collaborators, question);
        const naive = naiveAnswer(changes, { ...asked, wanted });
        const sha1 = (of: { readonly sha1: string } | null) =>
          of === null ? undefined : Number(of.sha1);
        if (naive.complete !== undefined) hits += 1;
        const said = {
          found: sha1(answer.found),
          complete: sha1(answer.complete),
          newest: sha1(answer.newest),
          lacks: wanted.map((_, at) => (answer.newest?.cells[at]?.state ?? 'ready') !== 'ready'),
        };
        const sha1s = ['0', '1', '2', '3'];
        const could = couldSettleLatest(collaborators, question, sha1s);
        return isDeepStrictEqual(said, naive) && could === isLatestSettled(answer);
      },
    ),
    { numRuns: 500 },
  );
  t.ok(hits > 20, `complete ones were found ${hits} times`);
});

async function tell(
  store: Awaited<ReturnType<typeof openShamanStore>>,
  project: string,
  change: Change,
  at: number,
): Promise<void> {
  const { distro = '', told = '' } = RELEASES[change.release] ?? {};
  const { ref, flavor } = change;
  const sha1 = String(change.sha1);
  const identity = { project, ref, sha1, flavor, distro, distroVersion: told };
  if (change.kind === 'build') {
    const url = `https://jenkins.test/${sha1}/${told}/`;
    await recordBuild(
      { builds: store.builds, distros: DISTROS },
      {
        identity: { ...identity, distroArch: change.arch },
        ...{ url, status: change.status, logUrl: undefined, buildId: undefined, extra: undefined },
      },
    );
    return;
  }
  const place = [project, change.node, ref, sha1, told, flavor].map(encodeURIComponent).join('/');
  await recordRepoEvent(
    { repos: store.repos },
    {
      ...identity,
      chacraUrl: `https://chacra.test/${place}/`,
      status: change.status,
      archs: change.archs,
      sequence: at,
      ...{ url: undefined, extra: undefined, type: undefined, reason: undefined },
      ...{ generation: undefined, liveGeneration: undefined },
    },
  );
}
