import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import t from 'tap';
import { CHACRA_ROUTES } from '../../services/api/chacra-routes.ts';
import type { Step, StepArgs } from '../../jenkins-shared-lib/catalogue/step.ts';
import { STEPS } from '../../jenkins-shared-lib/catalogue/steps.ts';
import type { shamanNextNode } from '../../jenkins-shared-lib/catalogue/shaman-next-node.ts';
import { groovyLiteral, groovyString } from '../../jenkins-shared-lib/generate/groovy-text.ts';
import { libraryFiles, sourceOf } from '../../jenkins-shared-lib/generate/library-files.ts';
import { stepsMarkdown } from '../../jenkins-shared-lib/generate/steps-page.ts';
import { settleLibrary } from '../../jenkins-shared-lib/generate/write-library.ts';
import { runTool } from '../../services/cli/demo/run-tool.ts';
import { filesBelow } from '../fixtures/files-below.ts';
import { compileGroovy, GROOVY, LIBRARY, runGroovy } from '../fixtures/groovy.ts';
import { bodyOf } from '../fixtures/step-body.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

const GOLDEN = fileURLToPath(new URL('../fixtures/synthetic-library', import.meta.url));

/** Uses each feature of the catalogue once. */
const SYNTHETIC: readonly Step[] = [
  {
    name: 'carryThings',
    summary: "Carries things; it's quick.",
    details: ['Costs $5.', 'Knows "quotes" and C:\\paths.'],
    shape: 'does',
    params: {
      things: { type: 'strings', required: true, help: 'what to carry' },
      howFar: { type: 'integer', default: 3, help: 'in metres' },
      mood: { type: 'string', default: "it's", oneOf: ["it's", 'grüße'], help: 'how | why' },
      where: { type: 'string', required: true, from: 'WHERE', help: 'to' },
    },
    body: { kind: 'shell', resources: ['ask.sh', 'carry.sh'] },
    example: "carryThings things: ['a']",
  },
  {
    name: 'askThings',
    summary: 'Asks.',
    details: [],
    shape: 'asks',
    params: {
      chacra: { type: 'string', required: true, help: 'whom' },
      distroVersion: { type: 'string', required: true, help: 'which' },
      flavor: { type: 'string', help: 'which' },
    },
    answer: { type: 'Map', help: 'what was said', fields: { word: 'the word' } },
    body: {
      kind: 'request',
      request: {
        to: 'chacra',
        route: CHACRA_ROUTES.repos.flavored.extra,
        path: { version: 'distroVersion' },
        json: { flavor: 'flavor' },
        accepts: 'json',
      },
      answer: 'none',
    },
    example: 'def said = askThings()',
  },
  {
    name: 'aroundThings',
    summary: 'Goes around.',
    details: ['Always.'],
    shape: 'wraps',
    params: { label: { type: 'string', required: true, help: 'of the agent' } },
    positional: 'label',
    body: { kind: 'class', name: 'Around', requests: {} },
    example: "aroundThings('x') {\n}",
  },
];

t.test('any string is itself again in Groovy', needs(...GROOVY), async (t) => {
  const awkward = [
    "'",
    '"',
    '\\',
    '\\u0041',
    '$(id)',
    '${x}',
    '$x',
    '\n\r\t\0',
    'grüße 🦊',
    '\ud800',
  ];
  const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
  const strings = [
    ...awkward,
    ...fc.sample(fc.string({ unit: 'binary' }), 300),
    ...fc.sample(
      fc.array(unit).map((units) => units.join('')),
      300,
    ),
    ...fc.sample(
      fc.string({ unit: fc.constantFrom('\\', 'u', '0', "'", '"', '$', '\n', 'é') }),
      300,
    ),
  ];
  const printed = await runGroovy(
    testFolder(t),
    `def all = []\n${strings.map((text) => `all << ${groovyString(text)}\n`).join('')}
     all.each { println it.collect { unit -> Integer.toHexString((int) (unit as char)) }.join(' ') }`,
  );
  const expected = strings.map((text) =>
    [...Array(text.length).keys()].map((at) => text.charCodeAt(at).toString(16)).join(' '),
  );
  t.strictSame(printed.split('\n').slice(0, -1), expected);
});

t.test('literals are flat when they are short', async (t) => {
  t.equal(
    groovyLiteral({ a: 1, 'b c': [true, "d'"], e: undefined }),
    "[a: 1, 'b c': [true, 'd\\'']]",
  );
  t.equal(groovyLiteral({}), '[:]');
  t.equal(groovyLiteral([]), '[]');
  const long = 'x'.repeat(60);
  t.equal(groovyLiteral([long, [long]]), `[\n    '${long}',\n    ['${long}'],\n]`);
});

t.test('a small catalogue, printed', async (t) => {
  const files = new Map([
    ...libraryFiles(SYNTHETIC),
    ['steps.md', stepsMarkdown(SYNTHETIC)] as const,
  ]);
  if (process.env.GITBUILDER_UPDATE_GOLDEN === '1') {
    for (const [path, text] of files) writeFileSync(join(GOLDEN, path), text);
  }
  t.strictSame(namesBelow(GOLDEN), [...files.keys()].sort());
  for (const [path, text] of files) t.equal(text, readFileSync(join(GOLDEN, path), 'utf8'), path);
});

t.test('a library that is not as its catalogue says', async (t) => {
  const folder = testFolder(t);
  const files = libraryFiles(SYNTHETIC);
  mkdirSync(join(folder, 'vars'));
  writeFileSync(join(folder, 'vars/carryThings.groovy'), 'old');
  writeFileSync(join(folder, 'vars/goneThings.txt'), 'left');
  const differences = settleLibrary(folder, files, { write: false });
  const kinds = Object.fromEntries(differences.map(({ path, kind }) => [path, kind]));
  t.match(kinds, {
    'vars/carryThings.groovy': 'differs',
    'vars/goneThings.txt': 'orphan',
    'vars/askThings.groovy': 'missing',
  });
  t.equal(differences.length, files.size + 1);
  t.equal(readFileSync(join(folder, 'vars/carryThings.groovy'), 'utf8'), 'old');
  settleLibrary(folder, files, { write: true });
  t.strictSame(settleLibrary(folder, files, { write: false }), []);
  t.strictSame(settleLibrary(LIBRARY, libraryFiles(STEPS), { write: false }), []);
});

t.test('entries of the catalogue', async (t) => {
  for (const step of STEPS) {
    const { name, params, body, shape, answer, positional } = step;
    t.ok(
      namesBelow(join(LIBRARY, 'catalogue')).includes(sourceOf(step).split('/').at(-1) ?? ''),
      name,
    );
    t.equal(answer !== undefined, shape === 'asks', `${name} answers when it asks`);
    t.ok(positional === undefined || positional in params, name);
    const requests =
      body.kind === 'request'
        ? [body.request]
        : body.kind === 'class'
          ? Object.values(body.requests)
          : [];
    const added: readonly string[] = body.kind === 'class' ? (body.adds ?? []) : [];
    for (const { to, route, path = {}, query = {}, json = {} } of requests) {
      const inPath = [...route.path.matchAll(/\{(\w+)\}/g)].map(
        ([, each = '']) => path[each] ?? each,
      );
      const named = [
        to,
        ...inPath,
        ...Object.values(query),
        ...(typeof json === 'string' ? [json] : Object.values(json)),
      ];
      t.strictSame(
        named.filter((each) => !(each in params) && !added.includes(each)),
        [],
        `${name}: ${route.path}`,
      );
      const unknown = Object.keys(query).filter((each) => !(each in (route.query ?? {})));
      t.strictSame(unknown, [], `${name}: parameters of ${route.path}`);
    }
    if (body.kind !== 'shell') continue;
    for (const resource of body.resources) {
      t.ok(
        namesBelow(join(LIBRARY, 'resources')).includes(`org/ceph/gitbuilder/${resource}`),
        resource,
      );
    }
  }
});

t.test('argument types follow from an entry', async (t) => {
  type Args = StepArgs<typeof shamanNextNode>;
  const right: Args = { project: 'p', ref: 'r', sha1: 's', credentials: 'c' };
  // @ts-expect-error sha1 is missing
  const missing: Args = { project: 'p', ref: 'r' };
  // @ts-expect-error the ref is no number
  const wrong: Args = { ...right, ref: 3 };
  t.ok(right && missing && wrong);
});

t.test('every file compiles, and so does every example', needs(...GROOVY), async (t) => {
  const folder = testFolder(t);
  const examples = STEPS.map(({ name, example }) => {
    const file = join(folder, `Example_${name}.groovy`);
    writeFileSync(file, example);
    return file;
  });
  const vars = filesBelow(join(LIBRARY, 'vars')).filter((name) => name.endsWith('.groovy'));
  mkdirSync(join(folder, 'classes'));
  await compileGroovy(join(folder, 'classes'), [...vars, ...examples]);
  t.ok(filesBelow(join(folder, 'classes')).length > vars.length + examples.length);
});

t.test('shell bodies', needs(['shellcheck', 'shellcheck']), async (t) => {
  const folder = testFolder(t);
  for (const step of STEPS.filter(({ body }) => body.kind === 'shell')) {
    const file = join(folder, `${step.name}.sh`);
    writeFileSync(file, bodyOf(step));
    // SC2153 takes names of the environment for misspelt ones of the script.
    const found = await runTool(['shellcheck', '--shell=sh', '--exclude=SC2153', file]);
    t.match(found, { status: 0, output: '' }, step.name);
  }
  const inBodies = STEPS.flatMap(({ body }) => (body.kind === 'shell' ? body.resources : []));
  const programs = ['jenkins-shared-lib/resources', 'docs/examples/ceph', 'deploy']
    .flatMap((each) => filesBelow(join(LIBRARY, '..', each)))
    .filter((path) => !inBodies.some((each) => path.endsWith(`/${each}`)))
    .filter((path) => readFileSync(path, 'utf8').startsWith('#!/bin/sh\n'));
  t.ok(programs.length >= 9, programs.join());
  t.match(await runTool(['shellcheck', ...programs]), { status: 0, output: '' });
});

function namesBelow(folder: string): string[] {
  return filesBelow(folder).map((path) => relative(folder, path));
}
