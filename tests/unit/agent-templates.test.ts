import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { idleRange, whyNoCron } from '../../node-agent/idle-ranges.ts';
import { Situation } from '../../node-agent/situation.ts';
import { TemplateReloading } from '../../node-agent/template-source.ts';
import { templateSource } from '../../node-agent/templates/template-folder.ts';
import { readTemplates } from '../../node-agent/templates/read-templates.ts';
import { parseConfiguration } from '../../services/platform/configuration.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { docBlocks } from '../fixtures/doc-blocks.ts';
import { testFolder } from '../fixtures/test-folder.ts';

const HOSTS = [
  {
    name: 'big',
    labels: ['fast'],
    allow: ['device:/dev/kvm', 'bind:/srv/cache', 'new-privileges'],
  },
  { name: 'small', labels: [], allow: [] },
];

const read = (text: string) => readTemplates([{ name: 't.yaml', text }], HOSTS);

t.test('what the page shows is what the service reads', async (t) => {
  const [configuration = '', templates = ''] = docBlocks('agents.md', 'Set it up', 'yaml');
  const { agents } = parseConfiguration(configuration, '/etc/gitbuilder/gitbuilder.yaml');
  t.equal(agents.engines.length, 3);
  const found = read(templates);
  t.strictSame(found.problems, []);
  t.match(found.templates, [
    {
      name: 'noble-huge',
      image: 'gitbuilder-agent/noble',
      memoryBytes: 64 * 2 ** 30,
      caches: [{ name: 'ccache', target: '/home/jenkins/.ccache' }],
      provision: { user: { name: 'jenkins-build', sudo: true }, locale: 'en_US.UTF-8' },
    },
  ]);
});

t.test('templates inherit: mappings are joined, all else is replaced', async (t) => {
  const { templates, problems } = read(`
a: { image: one, labels: [x, y], env: { A: '1', B: '2' }, uses: unlimited, provision: { packages: [git] } }
b: { extends: a, labels: [z], env: { B: '3' }, provision: { script: 'true' } }
c: { extends: b, image: two, uses: 3 }
`);
  t.strictSame(problems, []);
  t.match(templates, [
    { name: 'a', labels: ['x', 'y'], uses: null },
    { name: 'b', image: 'one', labels: ['z'], env: { A: '1', B: '3' } },
    { name: 'c', image: 'two', uses: 3, provision: { packages: ['git'], script: 'true' } },
  ]);
  const digests = new Set(templates.map(({ digest }) => digest));
  t.equal(digests.size, 3);
  const [again] = read(
    `a: { image: one, labels: [x, y], env: { A: '1', B: '2' }, cap: 5, idleSeconds: 9, provision: { packages: [git] } }`,
  ).templates;
  t.equal(
    again?.digest,
    templates[0]?.digest,
    'what living agents do not differ by changes nothing',
  );
});

t.test('a parent that is misspelt or broken is told once, where it stands', async (t) => {
  const problemsOf = (...texts: string[]) =>
    readTemplates(
      texts.map((text, index) => ({ name: `${index}.yaml`, text })),
      HOSTS,
    ).problems;
  const child = (name: string, parent: string) => `${name}:\n  extends: ${parent}\n  labels: [x]\n`;
  t.same(problemsOf(`base: { image: i, abstract: true }\n${child('noble', 'bsae')}`), [
    '0.yaml:3: noble.extends: there is no template bsae; did you mean base?',
  ]);
  t.same(
    problemsOf(child('noble', 'nobel')),
    ['0.yaml:2: noble.extends: there is no template nobel'],
    'it cannot be meant by itself',
  );
  t.same(problemsOf(`${child('a', 'b')}${child('b', 'absent')}`), [
    '0.yaml:5: b.extends: there is no template absent',
  ]);
  t.same(problemsOf(child('a', 'base'), 'base: { imag: i }'), [
    '1.yaml:1: base.imag: unknown; did you mean image?',
  ]);
  t.match(problemsOf(child('a', 'base'), 'base: {\n'), { length: 1, 0: /^1\.yaml:/ });
  t.same(problemsOf(`${child('a', 'b')}b: { extends: b, image: x }`), [
    '0.yaml:4: b.extends: b extends itself',
  ]);
});

t.test('templates that were read stay while their folder, or a file of it, is away', async (t) => {
  const folder = join(testFolder(t), 'templates');
  const clock = new ManualClock();
  const situation = new Situation([], clock);
  const reloading = new TemplateReloading({
    ...{ read: templateSource(folder, HOSTS), situation, clock, log: new RecordingLog() },
  });
  const readAgain = async () => {
    await reloading.readNow();
    return situation.templates.map(({ name }) => name);
  };
  t.strictSame(await readAgain(), []);
  t.match(situation.templateProblems, [/templates is not there/], 'also when it never was');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.yaml'), 'a: { image: one, labels: [x] }');
  t.strictSame(await readAgain(), ['a']);
  symlinkSync('nowhere', join(folder, 'b.yaml'));
  t.strictSame(await readAgain(), ['a'], 'a link to nothing, or a file that is being replaced');
  t.match(situation.templateProblems, [/b\.yaml/]);
  rmSync(join(folder, 'b.yaml'));
  renameSync(folder, `${folder}-away`);
  t.strictSame(await readAgain(), ['a'], 'a folder that is being replaced, or not mounted');
  t.match(situation.templateProblems, [/templates is not there/]);
  renameSync(`${folder}-away`, folder);
  rmSync(join(folder, 'a.yaml'));
  t.strictSame(await readAgain(), [], 'who empties the folder means it');
  t.strictSame(situation.templateProblems, []);
});

t.test('every mistake is named with its line', async (t) => {
  for (const [text, problem] of [
    ['a: {', /^t\.yaml:\d+: /],
    ['- a', /^t\.yaml:1: expected a mapping/],
    ['a:\n  labels: [x]', /^t\.yaml:1: a: image: is missing/],
    ['a:\n  image: x', /^t\.yaml:1: a: labels: without one/],
    [
      'a:\n  image: x\n  labels: [x]\n  memroy: 1',
      /^t\.yaml:4: a\.memroy: unknown; did you mean memory\?/,
    ],
    ['a:\n  image: x\n  labels: ["a&&b"]', /^t\.yaml:3: a\.labels\.0: holds a blank/],
    [
      'a:\n  image: x\n  labels: [x]\n  extends: b',
      /^t\.yaml:4: a\.extends: there is no template b/,
    ],
    [
      'a: { image: x, labels: [x], extends: b }\nb: { extends: a, abstract: true }',
      /extends itself/,
    ],
    ['a:\n  image: x\n  labels: [x]\n  minIdle: 3\n  maxIdle: 2', /^t\.yaml:4: .*above maxIdle/],
    [
      'a: { image: x, labels: [x], idleWindows: [{ cron: "x", minutes: 1, minIdle: 1 }] }',
      /no cron expression/,
    ],
    ['a: { image: x, labels: [x], hosts: [none] }', /no host is called or labelled none/],
    ['a: { image: x, labels: [x], privileges: [privileged] }', /no host allows privileged/],
    [
      'a: { image: x, labels: [x], hosts: [small], privileges: ["device:/dev/kvm"] }',
      /no host allows device/,
    ],
    ['a: { image: x, labels: [x], network: host }', /no host allows host-network/],
    [
      'a: { image: x, labels: [x], mounts: [{ bind: /var/run/docker.sock, target: /s }] }',
      /no host allows bind:\/var\/run\/docker\.sock/,
    ],
    ['a: { image: x, labels: [x], mounts: [{ bind: /a/../b, target: /s }] }', /leads out/],
    ['a: { image: x, labels: [x], mounts: [{ what: /a }] }', /a\.mounts\.0/],
    [
      'a:\n  image: x\n  labels: [x]\n  caches:\n    ok: /opt/git\n    all: /opt/',
      /^t\.yaml:6: a\.caches\.all: \/opt\/ would hide or share \/opt\/gitbuilder, where the secret of an agent is$/,
    ],
    [
      'a: { image: x, labels: [x], mounts: [{ volume: vol, target: //opt/./gitbuilder/x }] }',
      /a\.mounts\.0: .* would hide or share/,
    ],
    ['a: { image: x, labels: [x], mounts: [{ tmpfs: /opt }] }', /would hide or share/],
    [
      'a: { image: x, labels: [x], caches: { c: /c }, mounts: [{ tmpfs: /c/ }] }',
      /a\.mounts\.0: something else is mounted at \/c already/,
    ],
    ['a: { image: x, labels: [x], env: { "A B": c } }', /a\.env/],
    [
      'a: { image: x, labels: [x], provision: { packages: ["git; reboot"] } }',
      /is no name of a package/,
    ],
    ['a: { image: x, labels: [x], provision: { user: { name: "$(x)" } } }', /is no name of a user/],
    ['a: { image: x, labels: [x], java: "java; x" }', /expected a path or name/],
    ['"$(reboot)": { image: x, labels: [x] }', /a name has letters/],
    ['__proto__: { image: x, labels: [x] }', /^t\.yaml:1: __proto__: a name has letters/],
    ['a: { image: x, labels: [x], __proto__: { cap: 5 } }', /a\.__proto__: unknown/],
    ['a: { image: x, labels: [x] }\na: {}', /^t\.yaml:2: duplicated mapping key/],
    ['a: { image: x, labels: [x], extends: a }', /a extends itself/],
    ['a: *none', /unidentified alias/],
    ['a: !!js/function "x"', /unknown scalar tag/],
    ['a: {}\n---\nb: {}', /expected a single document/],
    ['a: { image: "", labels: [x] }', /^t\.yaml:1: a\.image: is empty$/],
    ['a: { image: "x\\u0000", labels: [x] }', /a\.image: holds a control character/],
    ['a: { image: x, labels: [5] }', /a\.labels\.0: expected string/],
    ['a: { image: x, labels: [x], cpus: -1 }', /a\.cpus: /],
    ['a: { image: x, labels: [x], memory: lots }', /a\.memory: expected bytes, or a size/],
    ['a: { image: x, labels: [x], uses: 0 }', /a\.uses: /],
    ['a: { image: x, labels: [x], pullSeconds: 0 }', /a\.pullSeconds: .*>=1/],
    ['a: { image: x, labels: [x], stopSeconds: 2592000 }', /a\.stopSeconds: .*<=86400/],
    ['a: { image: x, labels: [x], pull: sometimes }', /a\.pull: expected one of "always"/],
    ['a: { image: x, labels: [x], caches: { "../x": /c } }', /a\.caches/],
    ['a: { image: x, labels: [x], network: "container:x" }', /a\.network: is no name/],
    ['a: { image: x, labels: [x], user: "$(id)" }', /a\.user: expected USER or USER:GROUP/],
    ['a: { image: x, labels: [x], javaOptions: ["-x\\n-y"] }', /a\.javaOptions\.0: holds/],
    [
      'a: { image: x, labels: [x], provision: { files: [{ path: /x, content: y, mode: 0644 }] } }',
      /a\.provision\.files\.0\.mode: expected string/,
    ],
    [
      'a: { image: x, labels: [x], privileges: ["everything"] }',
      /expected privileged, host-network/,
    ],
  ] as const) {
    const { templates, problems } = read(text);
    t.match(problems.join('\n'), problem, text);
    t.strictSame(templates, [], 'and nothing of it is used');
  }
  const twice = readTemplates(
    ['x.yaml', 'y.yaml'].map((name) => ({ name, text: 'a: { image: x, labels: [l] }' })),
    HOSTS,
  );
  t.strictSame(twice.problems, ['y.yaml:1: a: there is another template of this name']);
  t.strictSame(read('# nothing\n'), { templates: [], problems: [] });
  t.match(
    read(
      'a: { image: x, labels: [x], hosts: [fast], privileges: ["device:/dev/kvm"], mounts: [{ bind: /srv/cache, target: /c }] }',
    ),
    {
      problems: [],
      templates: [{ privileges: ['device:/dev/kvm', 'bind:/srv/cache'] }],
    },
  );
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(read(text).problems)));
});

t.test('at some times more are kept ready', async (t) => {
  const [template] = read(
    'a: { image: x, labels: [x], minIdle: 1, idleWindows: [{ cron: "0 7 * * 1-5", minutes: 60, minIdle: 4 }, { cron: "30 7 * * *", minutes: 10, minIdle: 9, maxIdle: 9 }] }',
  ).templates;
  if (template === undefined) throw new Error('it was not read');
  const at = (hour: number, minute: number, day = 5) =>
    idleRange(template, new Date(2026, 0, day, hour, minute)).minIdle;
  t.strictSame([at(6, 59), at(7, 0), at(7, 29), at(7, 59), at(8, 0)], [1, 4, 4, 4, 1]);
  t.strictSame([at(7, 30), at(7, 39), at(7, 40)], [9, 9, 4], 'the last window that is open');
  t.equal(at(7, 10, 4), 1, 'not on a Sunday');
  t.equal(whyNoCron('0 7 * * 1-5'), null);
  t.type(whyNoCron('99 * * * *'), 'string');
});
