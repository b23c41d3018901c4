import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { z } from 'zod';
import { ERRORS } from '../../services/domain/errors.ts';
import { errorsMarkdown } from '../../services/api/errors-page.ts';
import { CHECKOUT, readSource, readSources } from './read-sources.ts';
import { LONGEST_FILE, LONG_FILES, NOT_IMPORTED, ROOMS, TOP_FOLDERS } from './rooms.ts';
import type { Room } from './rooms.ts';

const OURS = ['services', 'node-agent', 'jenkins-shared-lib'].flatMap(readSources);
const ALL = [...OURS, ...readSources('tests')];
const BY_PATH = new Map(ALL.map((source) => [source.path, source]));
const manifest = z
  .object({
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readText('package.json')));

function readText(path: string): string {
  return readFileSync(join(CHECKOUT, path), 'utf8');
}

function roomOf(path: string): Room | undefined {
  return ROOMS.find(({ holds }) => holds.test(path));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function mayImport(from: Room | undefined, path: string): boolean {
  const to = roomOf(path);
  if (from === undefined || to === undefined) return false;
  return from === to || from.mayImport.includes(to.name) || from.mayImport.includes(path);
}

t.test('arrows between rooms point one way', async (t) => {
  t.ok(ALL.length > 100, 'the sources were found');
  const homeless = OURS.filter(({ path }) => roomOf(path) === undefined);
  t.strictSame(
    homeless.map(({ path }) => path),
    [],
    'every file has a room',
  );
  const upward = ALL.flatMap(({ path, imports }) =>
    imports
      .filter((imported) => /^(services|node-agent|jenkins-shared-lib|tests)\//.test(imported))
      .filter((imported) => !mayImport(roomOf(path), imported))
      .map((imported) => `${path} imports ${imported}`),
  );
  t.strictSame(upward, [], 'no import but those of the table');
  const broken = ALL.flatMap(({ path, imports }) =>
    imports.filter((name) => !existsSync(join(CHECKOUT, name))).map((name) => `${path}: ${name}`),
  );
  t.strictSame(broken, [], 'every import leads to a file');
});

t.test('rooms without disk and network import neither', async (t) => {
  const shut = ALL.flatMap(({ path, outside }) =>
    outside
      .filter((name) => roomOf(path)?.shuts?.test(isBuiltin(name) ? name : packageOf(name)))
      .map((name) => `${path} imports ${name}`),
  );
  t.strictSame(shut, []);
  const unprefixed = ALL.filter(({ path }) => path.endsWith('.ts')).flatMap(({ path, outside }) =>
    outside
      .filter((name) => isBuiltin(name) && !name.startsWith('node:'))
      .map((name) => `${path}: ${name}`),
  );
  t.strictSame(unprefixed, [], 'modules of Node are named node:');
});

t.test('no file imports itself by way of others', async (t) => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, above: readonly string[]): void => {
    if (above.includes(path)) {
      cycles.push([...above.slice(above.indexOf(path)), path].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const imported of BY_PATH.get(path)?.imports ?? []) visit(imported, [...above, path]);
    done.add(path);
  };
  for (const { path } of ALL) visit(path, []);
  t.strictSame(cycles, []);
});

t.test('packages: declared where imported, imported where declared', async (t) => {
  const declared = new Set([
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.devDependencies),
  ]);
  const imported = (sources: typeof ALL) =>
    sources.flatMap(({ path, outside }) =>
      outside.filter((name) => !isBuiltin(name)).map((name) => ({ path, name: packageOf(name) })),
    );
  const used = new Set(imported([...ALL, readSource('eslint.config.js')]).map(({ name }) => name));
  const undeclared = imported(ALL).filter(({ name }) => !declared.has(name));
  t.strictSame(undeclared, [], 'every import is declared');
  const ofDevelopment = imported(OURS).filter(({ name }) => !(name in manifest.dependencies));
  t.strictSame(ofDevelopment, [], 'what runs needs nothing that is only for development');
  const unused = [...declared].filter((name) => !used.has(name) && !(name in NOT_IMPORTED));
  t.strictSame(unused, [], 'every declared package is imported, or its reason stands in the table');
  const stale = Object.keys(NOT_IMPORTED).filter((name) => used.has(name) || !declared.has(name));
  t.strictSame(stale, [], 'every reason is needed');
});

t.test('files say one thing', async (t) => {
  const barrels = ALL.filter(({ isBarrel }) => isBarrel).map(({ path }) => path);
  t.strictSame(barrels, [], 'no file only hands on what others export');
  const long = OURS.filter(({ lines }) => lines > LONGEST_FILE).map(({ path }) => path);
  t.strictSame(
    long.filter((path) => !(path in LONG_FILES)),
    [],
    `no file over ${LONGEST_FILE} lines without a reason`,
  );
  const stale = Object.keys(LONG_FILES).filter((path) => !long.includes(path));
  t.strictSame(stale, [], 'every reason is needed');
  const vague = OURS.filter(({ path }) => /(util|helper|common|manager|misc)s?\b/i.test(path));
  t.strictSame(
    vague.map(({ path }) => path),
    [],
    'files are named for what they do',
  );
  const state = OURS.flatMap(({ path, variables }) => variables.map((name) => `${path}: ${name}`));
  t.strictSame(state, [], 'no module holds a variable');
  const unexplained = OURS.flatMap(({ path, unexplained }) =>
    unexplained.map((name) => `${path}: ${name}`),
  );
  t.strictSame(unexplained, [], 'every exported function says what it does and why');
});

t.test('the top of the checkout holds the folders of the design', async (t) => {
  const ignored = readText('.gitignore').split('\n');
  const folders = readdirSync(CHECKOUT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .filter((name) => !ignored.includes(`${name}/`) && !ignored.includes(`/${name}/`));
  t.strictSame(
    folders.filter((name) => !TOP_FOLDERS.includes(name)),
    [],
  );
});

t.test('errors are documented, and met', async (t) => {
  const page = readText('docs/errors.md');
  t.ok(page.includes(errorsMarkdown()), 'put the output of errorsMarkdown() into docs/errors.md');
  const named = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)].map((found) => found[1] ?? '');
  t.strictSame(
    named.filter((code) => !(code in ERRORS)),
    [],
    'the page names no code that does not exist',
  );
  const texts = OURS.filter(({ path }) => path !== 'services/domain/errors.ts').map(({ path }) =>
    readText(path),
  );
  const unmet = Object.keys(ERRORS).filter(
    (code) => !texts.some((text) => text.includes(`'${code}'`)),
  );
  t.strictSame(unmet, [], 'every code is thrown somewhere');
});
