import fc from 'fast-check';
import t from 'tap';
import { repoJson } from '../../services/api/repo-json.ts';
import { Pauses } from '../../services/chacra/pauses.ts';
import { pageOf, searchBinaries } from '../../services/chacra/search-binaries.ts';
import type { BinaryFilter } from '../../services/chacra/search-binaries.ts';
import { sourceList } from '../../services/chacra/source-list.ts';
import type { SourceListFormat } from '../../services/chacra/source-list.ts';
import type { RepoIdentity } from '../../services/domain/identity.ts';
import { newRepoHead } from '../../services/domain/repo.ts';
import type { Binary, Repo, RepoHead, RepoType } from '../../services/domain/repo.ts';
import { controlParagraphs } from '../../services/formats/control-paragraphs.ts';
import { someBinary, someIdentity } from '../fixtures/some-repo.ts';

const WHEN = '2026-01-01T00:00:00.000Z';
const KEY =
  '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc=\n=def\n-----END PGP PUBLIC KEY BLOCK-----\n';

function repo(
  fields: Partial<RepoIdentity>,
  head: Partial<RepoHead> = {},
  binaries: readonly Binary[] = [],
): Repo {
  return {
    identity: { ...someIdentity(), ref: 'main', sha1: 'abc123', ...fields },
    head: { ...newRepoHead(WHEN), ...head },
    binaries: new Map(binaries.map((binary) => [`${binary.arch}/${binary.name}`, binary])),
  };
}

function source(
  type: RepoType | null,
  fields: Partial<RepoIdentity> = {},
  options: { format?: SourceListFormat; signed?: boolean; key?: string | null } = {},
): string | null {
  const { format = null, signed = false, key = KEY } = options;
  return sourceList(repo(fields, { type }), format, {
    publicUrl: 'https://1.chacra.example/',
    signed,
    publicKeyArmored: key,
  });
}

const URL = 'https://1.chacra.example/r/ceph/main/abc123/ubuntu/noble/flavors/default/';
const RPM = { distro: 'centos', distroVersion: '9' };
const RPM_URL = 'https://1.chacra.example/r/ceph/main/abc123/centos/9/flavors/default/';

t.test('apt sources', (t) => {
  const original = `deb [trusted=yes] ${URL} noble main\n`;
  t.equal(source('deb'), original, 'to the letter as the original');
  t.equal(source('deb', {}, { format: 'list' }), original);
  t.equal(
    source('deb', {}, { signed: true }),
    '# once: curl -fsSo /etc/apt/keyrings/gitbuilder.asc https://1.chacra.example/api/v1/key.asc\n' +
      `deb [signed-by=/etc/apt/keyrings/gitbuilder.asc] ${URL} noble main\n`,
  );
  const fields = (text: string | null) =>
    Object.fromEntries(
      controlParagraphs(text ?? '').flatMap((paragraph) =>
        paragraph.map(({ name, value }) => [name, value]),
      ),
    );
  const shape = { Types: 'deb', URIs: URL, Suites: 'noble', Components: 'main' };
  t.same(fields(source('deb', {}, { format: 'sources' })), { ...shape, Trusted: 'yes' });
  const signed = source('deb', {}, { format: 'sources', signed: true });
  t.same(fields(signed), {
    ...shape,
    'Signed-By':
      '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc=\n =def\n -----END PGP PUBLIC KEY BLOCK-----',
  });

  const slashes = { ref: 'wip/a', flavor: 'a+b' };
  const path = (ref: string) => URL.replace('main', ref).replace('default', 'a+b');
  t.equal(source('deb', slashes), `deb [trusted=yes] ${path('wip%252Fa')} noble main\n`);
  t.match(source('deb', slashes, { format: 'sources' }), `URIs: ${path('wip%2Fa')}\n`);
  t.end();
});

t.test('yum sources', (t) => {
  const section = (id: string, name: string, folder: string, trust = 'gpgcheck=0') =>
    `[${id}]\nname=${name}\nbaseurl=${RPM_URL}${folder}\nenabled=1\n${trust}\ntype=rpm-md\n`;
  const all = (trust?: string) =>
    [
      section('ceph', 'ceph packages for $basearch', '$basearch', trust),
      section('ceph-noarch', 'ceph noarch packages', 'noarch', trust),
      section('ceph-source', 'ceph source packages', 'SRPMS', trust),
    ].join('\n');
  t.equal(source('rpm', RPM), all(), 'the three sections of the original');
  t.equal(source('rpm', RPM, { format: 'repo' }), all());
  const trust = 'gpgcheck=0\nrepo_gpgcheck=1\ngpgkey=https://1.chacra.example/api/v1/key.asc';
  t.equal(source('rpm', RPM, { signed: true }), all(trust));
  for (const distro of ['opensuse', 'sle']) {
    const one = section('ceph', 'ceph packages', '').replace('centos', distro);
    t.equal(source('rpm', { ...RPM, distro }), one, `${distro} reads one root`);
  }
  t.match(
    source('rpm', { ...RPM, ref: 'wip/a' }),
    'baseurl=https://1.chacra.example/r/ceph/wip%2Fa/',
  );
  t.end();
});

t.test('sources that there are not', (t) => {
  t.equal(source('raw'), null);
  t.equal(source(null), null);
  const refused = { code: 'REQUEST_INVALID' };
  t.throws(() => source('deb', {}, { format: 'repo' }), { ...refused, message: /an apt/ });
  t.throws(() => source('rpm', RPM, { format: 'list' }), { ...refused, message: /a yum/ });
  t.throws(() => source('rpm', RPM, { format: 'sources' }), refused);
  t.throws(() => source('deb', {}, { signed: true, key: null }), {
    ...refused,
    message: /signs nothing/,
  });
  t.end();
});

t.test('repo JSON says what the original says', (t) => {
  const binaries = [
    someBinary('a.deb', { arch: 'arm64' }),
    someBinary('b.deb'),
    someBinary('c', { blob: null }),
  ];
  const json = repoJson(repo({}, { type: 'deb', extra: { version: '1' } }, binaries), 'https://x/');
  t.match(json, {
    path: null,
    project_name: 'ceph',
    modified: '2026-01-01 00:00:00.000000',
    signed: false,
    needs_update: false,
    is_updating: false,
    is_queued: false,
    type: 'deb',
    size: 10,
    archs: ['arm64', 'x86_64'],
    extra: { version: '1' },
    status: 'collecting',
    unpublished: 3,
    generation: 0,
    live_generation: null,
    chacra_url: 'https://x/repos/ceph/main/abc123/ubuntu/noble/flavors/default/',
    url: 'https://x/r/ceph/main/abc123/ubuntu/noble/flavors/default/',
  });
  t.end();
});

const REPOS = [
  repo({}, {}, [someBinary('a.deb'), someBinary('b.deb', { arch: 'arm64' })]),
  repo({ ref: 'wip/x', sha1: 'def' }, {}, [someBinary('a.deb', { builtBy: 'amy' })]),
  repo({ project: 'kernel', ...RPM, flavor: 'crimson' }, {}, [
    someBinary('linux-5.rpm'),
    someBinary('announced.rpm', { blob: null, builtBy: null }),
  ]),
  repo({ project: 'gone' }, { status: 'deleted' }, [someBinary('a.deb')]),
];

const NO_PAUSES = new Pauses(() => Promise.resolve());

t.test('search: every filter, all of them together, nothing deleted', async (t) => {
  const found = async (filter: BinaryFilter) =>
    (await pageOf(searchBinaries(REPOS, filter, null, NO_PAUSES), 100)).found.map(
      ({ identity, binary }) => `${identity.project} ${identity.ref} ${binary.arch}/${binary.name}`,
    );
  const everything = [
    'ceph main arm64/b.deb',
    'ceph main x86_64/a.deb',
    'ceph wip/x x86_64/a.deb',
    'kernel main x86_64/announced.rpm',
    'kernel main x86_64/linux-5.rpm',
  ];
  t.same(await found({}), everything);
  const [b, a, wip, announced, linux] = everything;
  for (const [filter, expected] of [
    [{ project: 'ceph' }, [b, a, wip]],
    [{ ref: 'wip/x' }, [wip]],
    [{ sha1: 'abc123' }, [b, a, announced, linux]],
    [{ distro: 'centos' }, [announced, linux]],
    [{ distro_version: '9' }, [announced, linux]],
    [{ arch: 'arm64' }, [b]],
    [{ flavor: 'crimson' }, [announced, linux]],
    [{ built_by: 'amy' }, [wip]],
    [{ size: '11' }, [linux]],
    [{ size: '0' }, [announced]],
    [{ name: 'a.deb' }, [a, wip]],
    [{ 'name-has': '.rpm' }, [announced, linux]],
    [{ 'name-has': 'linux', project: 'kernel', arch: 'x86_64' }, [linux]],
    [{ name: 'a.deb', 'name-has': 'x' }, []],
    [{ name: 'a' }, []],
    [{ project: 'gone' }, []],
  ] as const) {
    t.same(await found(filter), expected, JSON.stringify(filter));
  }
});

t.test('search: pages join to the whole, whatever comes and goes between them', async (t) => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-zA-Z%é+][a-z]{0,2}$/), { maxLength: 15 });
  const law = fc.asyncProperty(
    names,
    names,
    names,
    fc.integer({ min: 1, max: 4 }),
    async (stay, go, come, limit) => {
      const stays = stay.filter((name) => !go.includes(name) && !come.includes(name));
      const state = (list: readonly string[]) => {
        const binaries = list.map((name) => someBinary(name));
        return [repo({}, {}, binaries), repo({ ref: 'wip/x' }, {}, binaries)];
      };
      const seen: string[] = [];
      let cursor: string | null = null;
      for (let page = 0; page === 0 || cursor !== null; page += 1) {
        const now = state([...stays, ...(page === 0 ? go : come)]);
        const answer = await pageOf(searchBinaries(now, {}, cursor, NO_PAUSES), limit);
        if (answer.found.length > limit || page > 100) return false;
        if (answer.next !== null && answer.found.length < limit) return false;
        seen.push(...answer.found.map(({ identity, binary }) => `${identity.ref} ${binary.name}`));
        cursor = answer.next;
      }
      const wanted = stays.flatMap((name) => [`main ${name}`, `wip/x ${name}`]);
      return new Set(seen).size === seen.length && wanted.every((row) => seen.includes(row));
    },
  );
  await fc.assert(law);
  const two = await pageOf(searchBinaries(REPOS.slice(0, 1), {}, null, NO_PAUSES), 2);
  t.match(two, { found: { length: 2 }, next: null }, 'no empty page at the end');
});

t.test('search: others have their turn while much is looked at', async (t) => {
  const many = Array.from({ length: 100 }, (_, number) => {
    const binaries = Array.from({ length: 400 }, (_, name) => someBinary(`${name}.deb`));
    return repo({ sha1: `sha${number}` }, {}, binaries);
  });
  let count = 0;
  const pauses = new Pauses(async () => void (count += 1));
  const { found } = await pageOf(searchBinaries(many, { name: '7.deb' }, null, pauses), 1000);
  t.equal(found.length, 100);
  t.ok(count >= 8, `${count} pauses`);
});
