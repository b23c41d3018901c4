import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  canonicalArch,
  codenameOf,
  DISTROS,
  versionOf,
  withDistros,
} from '../../services/domain/distros.ts';
import { GitbuilderError } from '../../services/domain/errors.ts';
import { nearest } from '../../services/domain/nearest.ts';
import { loadConfiguration, parseConfiguration } from '../../services/platform/configuration.ts';
import { parseListen } from '../../services/platform/setting-types.ts';
import { settingRows, settingsMarkdown } from '../../services/platform/settings-table.ts';
import { DEFAULT_PROJECT } from '../../services/platform/project-settings.ts';

const FILE = '/etc/gitbuilder/node.yaml';
const HASH = `sha256$${'0'.repeat(32)}$${'a'.repeat(64)}`;

/** What a refusal says, a line per problem, without the file's name. */
function problems(text: string): string[] {
  try {
    parseConfiguration(text, FILE);
  } catch (error) {
    if (error instanceof GitbuilderError && error.code === 'CONFIGURATION_INVALID') {
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.replace(`${FILE}:`, ''));
    }
    throw error;
  }
  return [];
}

t.test('every setting has a default or may be absent', async (t) => {
  for (const text of ['', '# nothing\n\n  # here', 'chacra:\nusers:\n', '{}', '---\n']) {
    const configuration = parseConfiguration(text, FILE);
    t.match(configuration, {
      data: '/etc/gitbuilder/data',
      users: [],
      anonymous: 'read',
      trustedProxies: [],
      logLevel: 'info',
      chacra: {
        listen: { host: '127.0.0.1', port: 8081 },
        publicUrl: undefined,
        shaman: undefined,
        signing: undefined,
        quietSeconds: 2,
        maxUploadBytes: 64 * 2 ** 30,
        reserveBytes: 2 ** 30,
        stallSeconds: 60,
        keepGenerationsHours: 24,
        sha512: true,
      },
      shaman: { listen: { host: '127.0.0.1', port: 8080 } },
    });
    t.equal(configuration.chacra.projects.size, 0);
  }
  t.strictSame(DEFAULT_PROJECT, {
    automatic: true,
    disabled: false,
    combined: [],
    extras: new Map(),
  });
});

t.test('a full file is read, its paths from where it lies', async (t) => {
  const folder = t.testdir({
    'node.yaml': `
data: ./state
users:
  - { name: ci, keyHash: "${HASH}", scopes: [upload, node] }
anonymous: none
trustedProxies: [127.0.0.1, "10.0.0.0/8", "::1", "fd00::/8"]
logLevel: debug
distros: { ubuntu: { zany: "27.04" } }
chacra:
  listen: "[::1]:0"
  publicUrl: https://1.chacra.example/base
  shaman: { url: "http://shaman.example", user: node1, keyFile: /etc/node.key }
  signing: { keyFile: keys/signing.asc, passphraseFile: ../pass }
  projects: { ceph: { automatic: false }, constructor: { disabled: true } }
  maxUploadBytes: 1.5 GiB
  reserveBytes: 4096
  quietSeconds: 0.5
`,
  });
  const read = await loadConfiguration(join(folder, 'node.yaml'));
  t.match(read, {
    data: join(folder, 'state'),
    users: [{ name: 'ci', keyHash: HASH, scopes: ['upload', 'node'] }],
    anonymous: 'none',
    trustedProxies: ['127.0.0.1', '10.0.0.0/8', '::1', 'fd00::/8'],
    chacra: {
      listen: { host: '::1', port: 0 },
      publicUrl: 'https://1.chacra.example/base/',
      shaman: { url: 'http://shaman.example/', user: 'node1', keyFile: '/etc/node.key' },
      signing: {
        keyFile: join(folder, 'keys/signing.asc'),
        passphraseFile: join(folder, '../pass'),
      },
      maxUploadBytes: 1.5 * 2 ** 30,
      reserveBytes: 4096,
      quietSeconds: 0.5,
    },
  });
  t.strictSame(read.chacra.projects.get('ceph'), { ...DEFAULT_PROJECT, automatic: false });
  t.strictSame(read.chacra.projects.get('constructor'), { ...DEFAULT_PROJECT, disabled: true });
  t.equal((await loadConfiguration(null)).data, join(process.cwd(), 'data'));
  await t.rejects(loadConfiguration(join(folder, 'absent.yaml')), {
    code: 'CONFIGURATION_INVALID',
    message: /absent.yaml: there is no such file/,
  });
});

t.test('what is wrong is named with its line and what was meant', async (t) => {
  const cases: ReadonlyArray<readonly [string, readonly string[]]> = [
    ['dta: ./x', ['1: dta: unknown setting; did you mean data?']],
    ['\n\nchacra:\n  lisen: x', ['4: chacra.lisen: unknown setting; did you mean chacra.listen?']],
    ['listen: x', ['1: listen: unknown setting; did you mean chacra.listen?']],
    ['zzz: 1', ['1: zzz: unknown setting']],
    [
      'chacra:\n  accelRedirect: /blobs/',
      [
        '2: chacra.accelRedirect: needs the address of nginx in trustedProxies: others get the bytes from here',
      ],
    ],
    ...['/', 'blobs/', '/blobs', '/a/../b/', '/a?b/', '//'].map(
      (path) =>
        [
          `chacra:\n  accelRedirect: "${path}"`,
          ['2: chacra.accelRedirect: expected a path that begins and ends with "/"'],
        ] as const,
    ),
    [
      'chacra:\n  projects:\n    ceph:\n      automatc: false',
      [
        '4: chacra.projects.ceph.automatc: unknown setting; did you mean chacra.projects.ceph.automatic?',
      ],
    ],
    [
      `users:\n- {name: a, keyHash: "${HASH}", scopes: [upload]}\n- name: b:c\n  keyhash: x\n  scopes: [root]`,
      [
        '3: users.1.name: expected a name without ":" and blanks',
        '3: users.1.keyHash: is missing',
        '4: users.1.keyhash: unknown setting; did you mean users.1.keyHash?',
        '5: users.1.scopes.0: expected one of "upload"|"node"|"agent"|"operate"|"admin"',
      ],
    ],
    ['anonymous: write', ['1: anonymous: expected one of "read"|"none"']],
    ['chacra: { listen: 8081 }', ['1: chacra.listen: expected HOST:PORT']],
    ['chacra: { listen: "h:99999" }', ['1: chacra.listen: expected HOST:PORT']],
    [
      'chacra:\n  publicUrl: "https://user:secret@x/"',
      ['2: chacra.publicUrl: expected an http or https URL without a password'],
    ],
    [
      'chacra:\n  maxUploadBytes: much',
      ['2: chacra.maxUploadBytes: expected bytes, or a size such as 64 GiB'],
    ],
    ['chacra:\n  quietSeconds: soon', ['2: chacra.quietSeconds: expected number, received string']],
    [
      'chacra:\n  quietSeconds: -1',
      ['2: chacra.quietSeconds: Too small: expected number to be >=0'],
    ],
    [
      'agents:\n  pollSeconds: 0',
      ['2: agents.pollSeconds: Too small: expected number to be >=0.1'],
    ],
    ['chacra: { signing: {} }', ['1: chacra.signing.keyFile: is missing']],
    [
      'trustedProxies: [10.0.0.0/33]',
      ['1: trustedProxies.0: expected an IP address or ADDRESS/PREFIX'],
    ],
    [
      'distros:\n  ubuntu:\n    zany: 27.10',
      ['3: distros.ubuntu.zany: expected a version in quotes'],
    ],
    ['data: [', ['1: unexpected end of the stream within a flow collection']],
    ['data: a\ndata: b', ['2: duplicated mapping key']],
    ['- a', ['1: the file: expected object, received array']],
  ];
  for (const [text, expected] of cases) t.strictSame(problems(text), expected, text);
  t.throws(() => parseConfiguration('dta: 1', FILE), {
    message: `${FILE}: 1 problem\n${FILE}:1: dta: unknown setting; did you mean data?`,
    advice: /docs\/configuration\.md/,
  });
});

t.test('the page of settings is the table', async (t) => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  t.ok(page.includes(settingsMarkdown()), 'put the output of settingsMarkdown() into the page');
  for (const row of settingRows()) t.ok(row.help !== '' && row.type !== '', row.name);
  const example = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? 'no example';
  t.strictSame(problems(example), [], 'its example is a valid configuration');
});

t.test('listen addresses and near names', async (t) => {
  t.strictSame(parseListen('localhost:0'), { host: 'localhost', port: 0 });
  t.strictSame(parseListen('[::]:80'), { host: '::', port: 80 });
  for (const wrong of ['', ':80', '80', '::1:80', 'a:b', 'a:1:2', 'a b:1']) {
    t.equal(parseListen(wrong), null, wrong);
  }
  t.equal(nearest('Lissten', ['listen', 'data']), 'listen');
  t.equal(nearest('daat', ['listen', 'data']), 'data', 'letters change places more often than not');
  t.equal(nearest('dxxa', ['listen', 'data']), null);
  t.equal(nearest('x', ['listen', 'data']), null);
});

t.test('distros by codename and by number', async (t) => {
  t.equal(versionOf(DISTROS, 'ubuntu', 'noble'), '24.04');
  t.equal(versionOf(DISTROS, 'ubuntu', '24.04'), '24.04');
  t.equal(codenameOf(DISTROS, 'debian', '13'), 'trixie');
  t.equal(codenameOf(DISTROS, 'debian', 'bookworm'), 'bookworm');
  t.equal(versionOf(DISTROS, 'centos', '9'), '9', 'unknown ones pass through');
  t.equal(codenameOf(DISTROS, 'centos', '9'), null);
  t.equal(versionOf(DISTROS, 'constructor', 'name'), 'name');
  t.equal(versionOf(DISTROS, 'debian', 'toString'), 'toString');
  const table = withDistros({ ubuntu: { zany: '27.04' }, devuan: { excalibur: '6' } });
  t.equal(codenameOf(table, 'ubuntu', '27.04'), 'zany');
  t.equal(versionOf(table, 'ubuntu', 'jammy'), '22.04');
  t.equal(versionOf(table, 'devuan', 'excalibur'), '6');
  t.strictSame(['aarch64', 'x86_64', 'riscv64'].map(canonicalArch), ['arm64', 'amd64', 'riscv64']);
});
