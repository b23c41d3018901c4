import fc from 'fast-check';
import t from 'tap';
import { repoDigest } from '../../services/adapters/repo-digest.ts';
import type { ProjectRules } from '../../services/chacra/project-rules.ts';
import { repoPath } from '../../services/domain/identity.ts';
import type { RepoIdentity } from '../../services/domain/identity.ts';
import type { Repo } from '../../services/domain/repo.ts';
import { directWriter } from '../../services/platform/file-writer.ts';
import type { FileWriter } from '../../services/platform/file-writer.ts';
import { DEFAULT_PROJECT } from '../../services/platform/project-settings.ts';
import type { MemoryBlobs } from '../fakes/memory-blobs.ts';
import { pickingNode } from '../fixtures/picking-node.ts';
import { someBuiltRpm } from '../fixtures/some-packages.ts';
import { smallDeb, smallNode } from '../fixtures/small-node.ts';

type Node = Awaited<ReturnType<typeof pickingNode>>;

const folder = t.testdir();
const COMBINED = ['jammy', 'noble'];
const extras = (entries: Record<string, Record<string, string[]>>): ProjectRules['extras'] =>
  new Map(Object.entries(entries).map(([ref, taken]) => [ref, new Map(Object.entries(taken))]));
const RULES = new Map<string, ProjectRules>([
  [
    'ceph',
    {
      ...{ automatic: false, disabled: false, combined: COMBINED },
      extras: extras({ all: { deploy: ['main'], parts: ['main'] }, v1: { parts: ['all'] } }),
    },
  ],
  ['tools', { ...DEFAULT_PROJECT, extras: extras({ main: { deploy: ['all'], ceph: ['v1'] } }) }],
  ['parts', { ...DEFAULT_PROJECT, disabled: true }],
]);

function at(project: string, fields: Partial<RepoIdentity> = {}): RepoIdentity {
  const usual = { ref: 'main', sha1: 'a', distro: 'ubuntu', distroVersion: 'jammy' };
  return { project, ...usual, flavor: 'default', ...fields };
}

/** A package that nobody else has: of the kind of its repo, with the word in its name and bytes. */
function packageFor({ distro }: RepoIdentity, word: string): { name: string; bytes: Uint8Array } {
  if (distro === 'centos') return someBuiltRpm(word, '1.0', 'x86_64', word);
  return { name: `${word}_1.0_amd64.deb`, bytes: smallDeb(word, '1.0', word) };
}

/* The model: what a repo holds, said as simply as it can be over the list of all repos. */

const GENERIC = ['generic', 'universal', 'any'];
const isGeneric = ({ identity }: Repo) => GENERIC.includes(identity.distroVersion);

function modelOf(repo: Repo, all: readonly Repo[]): string[] {
  const { identity } = repo;
  const { project, ref, sha1, distro, distroVersion, flavor } = identity;
  const isDeb = repo.head.type === 'deb';
  const rules = RULES.get(project) ?? DEFAULT_PROJECT;
  const lines: string[] = [];
  const put = (from: Repo, suite: string) => {
    for (const { blob } of from.binaries.values())
      lines.push(`${isDeb ? suite : ''} ${blob?.sha256 ?? ''}`);
  };
  put(repo, distroVersion);
  if (isGeneric(repo)) return lines.sort();
  const others = all.filter((other) => other !== repo);
  const ofBuild = others.filter(
    (other) =>
      other.identity.project === project &&
      other.identity.ref === ref &&
      other.identity.sha1 === sha1 &&
      other.identity.flavor === flavor,
  );
  const suites = new Set([distroVersion]);
  const taken: [from: Repo, suite: string | null][] = [];
  for (const other of ofBuild) {
    const version = other.identity.distroVersion;
    if (isGeneric(other) && other.identity.distro === distro) taken.push([other, null]);
    if (isDeb && version !== distroVersion && rules.combined.includes(version))
      taken.push([other, version]);
  }
  const named = new Map([...(rules.extras.get('all') ?? []), ...(rules.extras.get(ref) ?? [])]);
  for (const [other, refs] of named) {
    const projectRepos = others.filter(({ identity: i }) => i.project === other);
    const wanted = new Set(
      refs.includes('all') ? projectRepos.map(({ identity: i }) => i.ref) : refs,
    );
    for (const wantedRef of wanted) {
      const versions = isDeb ? new Set([distroVersion, ...rules.combined]) : [distroVersion];
      for (const version of [...versions, ...GENERIC]) {
        const fitting = projectRepos.filter(
          ({ identity: i }) =>
            i.ref === wantedRef &&
            i.distroVersion === version &&
            (i.distro === distro || (isDeb && !GENERIC.includes(version))),
        );
        const flavored = fitting.filter(({ identity: i }) => i.flavor === flavor);
        const usual = fitting.filter(({ identity: i }) => i.flavor === 'default');
        const candidates = flavored.length > 0 ? flavored : usual;
        const worth = ({ identity: i, head }: Repo) =>
          `${Number(i.sha1 === sha1)} ${Number(head.live !== null)} ${head.created} ${i.sha1}`;
        const [best] = candidates.sort((a, b) => (worth(a) < worth(b) ? 1 : -1));
        if (best !== undefined) taken.push([best, GENERIC.includes(version) ? null : version]);
      }
    }
  }
  for (const [, suite] of taken) if (suite !== null) suites.add(suite);
  for (const [from, suite] of taken)
    for (const each of suite === null ? suites : [suite]) put(from, each);
  return [...new Set(lines)].sort();
}

/** What is published and should not be so, or the other way round. */
async function differences(node: Node): Promise<string[]> {
  const all = [...node.repos.all()].filter(({ head }) => head.status !== 'deleted');
  const wrong: string[] = [];
  for (const repo of all) {
    const { identity, head } = repo;
    const content = await node.content(identity);
    const isPublished = identity.project !== 'parts' && (head.live !== null || !isGeneric(repo));
    const wanted = isPublished ? modelOf(repo, all) : null;
    if (`${content?.join()}` !== `${wanted?.join()}`)
      wrong.push(
        `${repoPath(identity)} is ${head.status} with ${content?.join() ?? 'nothing'}, not ${wanted?.join() ?? 'nothing'}`,
      );
  }
  return wrong;
}

async function hold(node: Node): Promise<void> {
  const wrong = await differences(node);
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
}

const VERSIONS = ['jammy', 'noble', 'focal', 'any'].map((distroVersion) => ({ distroVersion }));
const EL = ['9', 'universal'].map((distroVersion) => ({ distro: 'centos', distroVersion }));
const place = (projects: readonly string[], refs: readonly string[], flavors: readonly string[]) =>
  fc
    .record({
      project: fc.constantFrom(...projects),
      ref: fc.constantFrom(...refs),
      sha1: fc.constantFrom('a', 'a', 'a', 'b'),
      on: fc.constantFrom(...VERSIONS, ...EL),
      flavor: fc.constantFrom(...flavors),
    })
    .map(({ project, on, ...rest }) => at(project, { ...rest, ...on }));
/** Which repo the next step belongs to, each to its own order; and when everything settles in between. */
const order = fc.array(fc.record({ of: fc.nat(100), settles: fc.boolean() }), { maxLength: 12 });

t.test('whatever the order of uploads and updates, repos hold what the rules say', async () => {
  let round = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(place(['deploy', 'deploy', 'parts'], ['main', 'v1'], ['default', 'debug']), {
        selector: repoPath,
        maxLength: 6,
      }),
      fc.uniqueArray(
        place(['ceph', 'ceph', 'tools'], ['main', 'main', 'v1'], ['default', 'default', 'debug']),
        {
          selector: repoPath,
          minLength: 3,
          maxLength: 8,
        },
      ),
      order,
      async (first, then, turns) => {
        round += 1;
        const node = await pickingNode(`${folder}/${round}`, RULES);
        let word = 0;
        const upload = async (identity: RepoIdentity) => {
          node.clock.advance(1);
          word += 1;
          const { name, bytes } = packageFor(identity, `p${word}`);
          await node.upload(identity, name, bytes);
        };
        for (const identity of [...first, ...first]) await upload(identity);
        await node.settle();
        await hold(node);
        const scripts = then.map((identity) => [
          () => upload(identity),
          () => upload(identity),
          ...(identity.project === 'ceph' ? [() => node.update(identity)] : []),
        ]);
        for (let turn = 0; scripts.some((script) => script.length > 0); turn += 1) {
          const { of, settles } = turns[turn] ?? { of: 0, settles: false };
          const left = scripts.filter((script) => script.length > 0);
          await left[of % left.length]?.shift()?.();
          if (settles) await node.settle();
        }
        await node.settle();
        await hold(node);
        const [gone] = then;
        if (gone === undefined) return;
        await node.removeRepo(gone);
        await node.settle();
        await hold(node);
        await node.close();
      },
    ),
    { numRuns: 16 },
  );
});

/** A node whose uploads settle at once, and what a repo of it holds by the words of its packages. */
async function tellingNode(
  name: string,
  rules: ReadonlyMap<string, ProjectRules>,
  blobs?: MemoryBlobs,
) {
  const node = await pickingNode(`${folder}/${name}`, rules, blobs);
  const words = new Map<string, string>();
  const put = async (identity: RepoIdentity, word: string, as = word) => {
    const { name: file } = packageFor(identity, as);
    node.clock.advance(1000);
    await node.upload(identity, file, packageFor(identity, word).bytes);
    const binary = node.repos.get(identity)?.binaries.get(`x86_64/${file}`);
    words.set(binary?.blob?.sha256 ?? '', word);
  };
  return {
    ...node,
    put,
    holds: async (identity: RepoIdentity) => {
      await node.settle();
      const lines = (await node.content(identity)) ?? [];
      return lines
        .map((line) => line.split(' '))
        .map(([suite = '', sha256 = '']) => `${suite} ${words.get(sha256) ?? sha256}`.trim())
        .sort();
    },
  };
}

t.test('extras come from the sha1 that a person would take', async (t) => {
  const rules = new Map([
    [
      'tools',
      {
        ...DEFAULT_PROJECT,
        extras: extras({
          all: { deploy: ['main'] },
          v1: { deploy: ['v1'] },
          v2: { parts: ['all'] },
        }),
      },
    ],
    ['parts', { ...DEFAULT_PROJECT, disabled: true }],
    ['deploy', { ...DEFAULT_PROJECT, automatic: false }],
  ]);
  const node = await tellingNode('extras', rules);
  const { put, holds, update } = node;
  const tools = at('tools', { sha1: 't' });
  await put(tools, 'own');
  await put(at('deploy', { sha1: '1' }), 'first');
  t.strictSame(
    await holds(tools),
    ['jammy first', 'jammy own'],
    'better one that was not published than none',
  );
  await put(at('deploy', { sha1: '2' }), 'second');
  await update(at('deploy', { sha1: '1' }));
  t.strictSame(await holds(tools), ['jammy first', 'jammy own'], 'the newest published');
  await update(at('deploy', { sha1: '2' }));
  t.strictSame(await holds(tools), ['jammy own', 'jammy second']);
  await put(at('deploy', { sha1: '1' }), 'again');
  await update(at('deploy', { sha1: '1' }));
  t.strictSame(await holds(tools), ['jammy own', 'jammy second'], 'an old one built again is old');
  await put(at('deploy', { sha1: 't' }), 'same');
  t.strictSame(
    await holds(tools),
    ['jammy own', 'jammy same'],
    'of the same commit, were it unpublished',
  );
  await node.removeRepo(at('deploy', { sha1: 't' }));
  t.strictSame(await holds(tools), ['jammy own', 'jammy second'], 'and without it as before');

  const debug = at('tools', { sha1: 't', flavor: 'debug' });
  await put(debug, 'debugged');
  t.strictSame(
    await holds(debug),
    ['jammy debugged', 'jammy second'],
    'default where there is no such flavor',
  );
  await put(at('deploy', { sha1: '0', flavor: 'debug' }), 'slow');
  t.strictSame(await holds(debug), ['jammy debugged', 'jammy slow']);

  const [v1, v2] = [at('tools', { ref: 'v1' }), at('tools', { ref: 'v2' })];
  await put(v1, 'one');
  await put(at('deploy', { ref: 'v1', sha1: '7' }), 'of-v1');
  t.strictSame(
    await holds(v1),
    ['jammy of-v1', 'jammy one'],
    'a ref named by itself wins over all',
  );
  await put(v2, 'two');
  await put(at('parts', { ref: 'x', sha1: '8' }), 'xx');
  await put(at('parts', { ref: 'y', sha1: '9', distroVersion: 'universal' }), 'yy');
  t.strictSame(
    await holds(v2),
    ['jammy second', 'jammy two', 'jammy xx', 'jammy yy'],
    'all refs, generic ones too',
  );
  await node.close();
});

t.test(
  'in a project that publishes when asked, the update of one leg is that of all',
  async (t) => {
    const byHand = {
      ...{ automatic: false, disabled: false, combined: COMBINED },
      extras: extras({ all: { deploy: ['main'] } }),
    };
    const node = await tellingNode('by-hand', new Map([['ceph', byHand]]));
    const { put, holds, update, head } = node;
    const [jammy, noble, any] = [
      at('ceph'),
      at('ceph', { distroVersion: 'noble' }),
      at('ceph', { distroVersion: 'any' }),
    ];
    await put(jammy, 'j1');
    await update(jammy);
    await put(noble, 'n1');
    t.strictSame(await holds(jammy), ['jammy j1'], 'not before somebody asks');
    await put(jammy, 'j2');
    await update(noble);
    t.strictSame(await holds(noble), ['jammy j1', 'jammy j2', 'noble n1']);
    t.strictSame(
      await holds(jammy),
      ['jammy j1'],
      'what is being uploaded waits for its own update',
    );
    await update(jammy);
    t.strictSame(await holds(jammy), ['jammy j1', 'jammy j2', 'noble n1']);
    t.strictSame(await holds(noble), await holds(jammy));
    t.match(head(jammy), { status: 'ready', live: { archs: ['x86_64'], number: 2 } });

    await put(at('deploy'), 'extra');
    t.notOk((await holds(noble)).includes('jammy extra'), 'what others do is no reason');
    await put(any, 'all-over');
    t.equal(head(any)?.status, 'collecting', 'a part of others');
    await update(any);
    t.strictSame(await holds(noble), [
      ...['jammy all-over', 'jammy extra', 'jammy j1', 'jammy j2', 'noble all-over', 'noble n1'],
    ]);
    t.strictSame(await holds(any), ['any all-over'], 'by itself it is just what was uploaded');
    await node.close();

    const again = await tellingNode(
      'by-hand',
      new Map([['ceph', { ...byHand, combined: [] }]]),
      node.blobs,
    );
    await again.settle();
    const live = again.head(noble)?.live;
    t.match(
      live?.sources.map(({ repo }) => repo),
      [/ubuntu\/any/],
      'a start sees other rules',
    );
    await again.close();
  },
);

t.test('a codename without news keeps its files', async (t) => {
  const rules = new Map([['ceph', { ...DEFAULT_PROJECT, combined: COMBINED }]]);
  const node = await tellingNode('standing', rules);
  const { put, holds, text } = node;
  const [jammy, noble] = [at('ceph'), at('ceph', { distroVersion: 'noble' })];
  await put(jammy, 'first');
  await put(noble, 'second');
  await holds(jammy);
  const files = async () => {
    const names = ['Release', 'main/binary-amd64/Packages', 'main/binary-amd64/Packages.gz'];
    const read = (suite: string) =>
      Promise.all(names.map((name) => text(jammy, `dists/${suite}/${name}`)));
    return { jammy: await read('jammy'), noble: await read('noble') };
  };
  const before = await files();
  node.clock.advance(60_000);
  await put(noble, 'third');
  t.strictSame(await holds(jammy), ['jammy first', 'noble second', 'noble third']);
  const after = await files();
  t.strictSame(after.jammy, before.jammy, 'who follows it need fetch nothing');
  for (const [at, said] of after.noble.entries()) t.not(said, before.noble[at]);
  node.clock.advance(48 * 3_600_000);
  await node.sweep(0);
  await node.close();

  const again = await pickingNode(`${folder}/standing`, rules, node.blobs);
  t.equal(
    await again.text(jammy, 'dists/jammy/Release'),
    before.jammy[0],
    'through a sweep, and a restart',
  );
  t.equal(await again.text(jammy, 'dists/jammy/main/binary-amd64/Packages'), before.jammy[1]);
  await again.close();
});

t.test('what is taken from another repo is shown when it is durable there', async (t) => {
  const own = at('ceph');
  const other = at('ceph', { distroVersion: 'noble' });
  const third = at('ceph', { sha1: 'b' });
  let held: Promise<void> = Promise.resolve();
  const files: FileWriter = {
    ...directWriter,
    append: async (end) => {
      if (end.path.includes(repoDigest(other))) await held;
      await directWriter.append(end);
    },
  };
  const rules = RULES.get('ceph') ?? DEFAULT_PROJECT;
  const node = await smallNode(t.testdir(), () => rules, undefined, files);
  for (const identity of [own, other, third]) {
    const { name, bytes } = packageFor(identity, 'first');
    await node.upload(identity, name, bytes);
  }
  await node.update(own);
  let letGo: () => void = () => undefined;
  held = new Promise((resolve) => (letGo = resolve));
  const { name, bytes } = packageFor(other, 'second');
  const uploading = node.upload(other, name, bytes);
  while (node.repos.get(other)?.binaries.size !== 2)
    await new Promise((resolve) => setImmediate(resolve));
  const updating = node.update(own);
  // The same work, to its end.
  for (let times = 0; times < 3; times += 1) await node.update(third, 'recreate');
  t.equal(node.head(own)?.live?.number, 1, 'a crash now would take back what it would show');
  letGo();
  await Promise.all([uploading, updating]);
  t.match(node.head(own)?.live, { number: 2, sources: [{ revision: 2 }] });

  let refuse: (cause: Error) => void = () => undefined;
  held = new Promise((_, reject) => (refuse = reject));
  const one = packageFor(other, 'third');
  const refused = node.upload(other, one.name, one.bytes);
  while (node.repos.get(other)?.binaries.size !== 3)
    await new Promise((resolve) => setImmediate(resolve));
  const brokenOff = node.update(own);
  while (node.head(own)?.status !== 'building')
    await new Promise((resolve) => setImmediate(resolve));
  refuse(new Error('no space left'));
  await t.rejects(refused);
  await t.rejects(brokenOff);
  held = Promise.resolve();
  await node.publish(own);
  t.match(node.head(own), { status: 'ready', live: { sources: [{ revision: 2 }] } });
});

t.test(
  'an update that was accepted before its project was disabled fails, and says why',
  async (t) => {
    const identity = at('ceph');
    let rules: ProjectRules = DEFAULT_PROJECT;
    const node = await smallNode(t.testdir(), () => rules);
    const { name, bytes } = packageFor(identity, 'first');
    await node.upload(identity, name, bytes);
    await node.request(identity, 'update');
    rules = { ...rules, disabled: true };
    await node.publish(identity);
    const message = 'nothing of ceph is published: chacra.projects.ceph.disabled';
    t.match(node.head(identity), { status: 'failed', live: null, failure: { message } });
  },
);

t.test('what stands in the way of something is named, with where it is from', async (t) => {
  const rules = {
    ...DEFAULT_PROJECT,
    combined: COMBINED,
    extras: extras({ all: { deploy: ['main'] } }),
  };
  const node = await tellingNode('shadowed', new Map([['ceph', rules]]));
  const { put, holds, head, find } = node;
  const [jammy, noble] = [at('ceph'), at('ceph', { distroVersion: 'noble' })];
  await put(at('deploy'), 'theirs', 'tool');
  await node.settle();
  const bytes = {
    mine: smallDeb('tool', '1.0', 'mine'),
    theirs: smallDeb('tool', '1.0', 'theirs'),
  };
  await node.upload(at('deploy'), 'tool_1.0_amd64.deb', bytes.theirs);
  await node.upload(jammy, 'tool_1.0_amd64.deb', bytes.mine);
  await node.upload(noble, 'tool_1.0_amd64.deb', smallDeb('tool', '1.0', 'noble'));
  await holds(jammy);
  t.match(head(jammy)?.live?.shadowed, [
    {
      name: 'tool_1.0_amd64.deb',
      from: 'deploy/main/a/ubuntu/jammy/flavors/default',
      reason: 'the same version with other bytes came first as x86_64/tool_1.0_amd64.deb',
    },
  ]);
  t.match(await find(jammy, 'pool/main/t/tool/tool_1.0_amd64.deb'), { file: { suite: 'jammy' } });
  const { packages } = await node.generations.read(jammy, head(jammy)?.live?.files ?? 0);
  t.match(
    packages.map(({ path, suite }) => `${suite} ${path}`),
    [/^noble pool\/main\/t\/tool\/[0-9a-f]{8}\/tool_/, 'jammy pool/main/t/tool/tool_1.0_amd64.deb'],
    'of one name, each has a path of its own',
  );
  await node.close();
});
