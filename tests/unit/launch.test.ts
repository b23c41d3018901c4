import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Test } from 'tap';

const LAUNCHER = fileURLToPath(new URL('../../services/cli/launch.mjs', import.meta.url));

/** An npm that notes what it is asked and leaves what the real one would. */
const NPM = `
  import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
  const asked = process.argv.slice(2).join(' ');
  appendFileSync('npm-calls', asked + '\\n');
  console.log('npm says ' + asked);
  if (process.env.NPM_FAILS) process.exit(3);
  if (asked.startsWith('ci')) {
    mkdirSync('node_modules/tap', { recursive: true });
    writeFileSync('node_modules/.package-lock.json', '{}');
    writeFileSync('node_modules/tap/package.json', '{"bin":{"tap":"./tap.js"}}');
    const tap = 'if (process.argv[2] === "build") process.exit(process.env.TAP_BREAKS ? 1 : 0); console.log("tap", ...process.argv.slice(2), process.env.GITBUILDER_TESTS_BUILD)';
    writeFileSync('node_modules/tap/tap.js', tap);
  } else mkdirSync('build', { recursive: true });
  if (process.env.EDITED_MEANWHILE) writeFileSync(process.env.EDITED_MEANWHILE, '');
`;

/** A gitbuilder that says how it was started and then does as its argument says. */
const GITBUILDER = `
  if (process.argv[2] === 'stay') {
    setInterval(() => {}, 1000);
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => {
      console.log('got', name);
      process.exit(9);
    });
  }
  console.log('gitbuilder', ...process.argv.slice(2));
  if (process.argv[2] === 'exit') process.exit(Number(process.argv[3]));
  if (process.argv[2] === 'die') process.kill(process.pid, 'SIGKILL');
`;

/** A checkout as git leaves it; only gitbuilder itself is there beforehand, since nothing compiles it here. */
function checkout(t: Test): string {
  const root = t.testdir({
    'npm-calls': '',
    'package.json': '{"type":"module"}',
    'npm.js': NPM,
    'package-lock.json': '{}',
    '.taprc': '',
    'tsconfig.json': '{}',
    services: { cli: {}, domain: { 'names.ts': '' } },
    'node-agent': { 'main.ts': '' },
    'jenkins-shared-lib': { 'catalogue.ts': '' },
    build: { services: { cli: { 'gitbuilder.js': GITBUILDER } } },
  });
  copyFileSync(LAUNCHER, join(root, 'services/cli/launch.mjs'));
  return root;
}

function launch(
  root: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  nodeOptions: readonly string[] = [],
) {
  const child = spawn(
    process.execPath,
    [...nodeOptions, join(root, 'services/cli/launch.mjs'), ...args],
    {
      cwd: root,
      env: { ...process.env, npm_execpath: join(root, 'npm.js'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  const ended = once(child, 'close').then(() => ({
    ...said,
    status: child.exitCode,
    signal: child.signalCode,
  }));
  return { child, ended };
}

function npmCalls(root: string): string[] {
  return readFileSync(join(root, 'npm-calls'), 'utf8').split('\n').slice(0, -1);
}

const CI = 'ci --include=dev';
const BUILD = 'run build';

t.test('a fresh checkout is installed and built once, and again for what changed', async (t) => {
  const root = checkout(t);
  const first = await launch(root, ['exit', '7']).ended;
  t.match(first, { out: 'gitbuilder exit 7\n', status: 7 }, 'arguments and status are passed on');
  t.match(first.err, /installing packages .*\.\.\.\n.*done in \d+ s\n.*building/s);
  t.notMatch(first.out + first.err, 'npm says', 'what npm says is nobody’s business when it works');
  t.strictSame(npmCalls(root), [CI, BUILD]);
  t.match(await launch(root, ['exit', '0']).ended, { err: '', status: 0 });
  t.strictSame(npmCalls(root), [CI, BUILD], 'nothing changed, nothing done');
  const later = new Date(Date.now() + 5000);
  const touched = async (name: string): Promise<readonly string[]> => {
    const before = npmCalls(root).length;
    utimesSync(join(root, name), later, later);
    await launch(root, ['exit', '0']).ended;
    utimesSync(join(root, name), new Date(0), new Date(0));
    return npmCalls(root).slice(before);
  };
  t.strictSame(await touched('services/domain/names.ts'), [BUILD]);
  t.strictSame(await touched('node-agent/main.ts'), [BUILD]);
  t.strictSame(await touched('jenkins-shared-lib/catalogue.ts'), [BUILD]);
  t.strictSame(await touched('package-lock.json'), [CI, BUILD], 'a new lock file means both');
});

t.test('what is edited while it is built is built again', async (t) => {
  const root = checkout(t);
  const env = { EDITED_MEANWHILE: join(root, 'services/domain/names.ts') };
  await launch(root, ['exit', '0'], env).ended;
  await launch(root, ['exit', '0']).ended;
  t.strictSame(npmCalls(root), [CI, BUILD, BUILD]);
});

t.test(
  'tests run the build; tap is fitted to .taprc once, and again when it changed',
  async (t) => {
    const root = checkout(t);
    const { out, err } = await launch(root, ['--tests', '--bail', 'tests/x.test.ts']).ended;
    t.equal(out, 'tap run --bail tests/x.test.ts 1\n');
    t.match(err, /fitting tap to \.taprc .*done in/s);
    t.strictSame(npmCalls(root), [CI, BUILD]);
    t.equal((await launch(root, ['--tests']).ended).err, '', 'nothing changed, nothing done');
    const later = new Date(Date.now() + 5000);
    utimesSync(join(root, '.taprc'), later, later);
    t.match((await launch(root, ['--tests']).ended).err, 'fitting tap');
  },
);

t.test('a tap whose fitting broke off is installed anew', async (t) => {
  const root = checkout(t);
  t.match(await launch(root, ['--tests'], { TAP_BREAKS: '1' }).ended, { out: '', status: 1 });
  t.match(await launch(root, ['--tests']).ended, { out: 'tap run 1\n', status: 0 });
  t.strictSame(npmCalls(root), [CI, BUILD, CI]);
  t.equal((await launch(root, ['--tests']).ended).err, '', 'and that is that');
});

t.test('who finds another fitting tap waits for it', async (t) => {
  const root = checkout(t);
  await launch(root, ['exit', '0']).ended;
  const modules = join(root, 'node_modules');
  writeFileSync(join(modules, '.tap-being-fitted'), String(process.pid));
  const { ended } = launch(root, ['--tests']);
  await wait(1000);
  writeFileSync(join(modules, '.tap-fitted'), '');
  t.match(await ended, { out: 'tap run 1\n', err: '', status: 0 });
});

t.test('what npm says is shown when it fails, and nothing is started', async (t) => {
  const root = checkout(t);
  const { out, err, status } = await launch(root, ['exit', '0'], { NPM_FAILS: '1' }).ended;
  t.match({ out, status }, { out: '', status: 1 });
  t.match(err, /npm says ci .*\n.*installing packages .* failed \(status 3\)/);
});

t.test('signals reach gitbuilder, and its end is ours', async (t) => {
  const root = checkout(t);
  await launch(root, ['exit', '0']).ended;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const { child, ended } = launch(root, ['stay']);
    await once(child.stdout, 'data');
    child.kill(signal);
    t.match(await ended, { out: `gitbuilder stay\ngot ${signal}\n`, status: 9 }, signal);
  }
  t.match(await launch(root, ['die']).ended, { status: null, signal: 'SIGKILL' });
});

t.test('an old Node and a missing npm are named, with ways to get them', async (t) => {
  const root = checkout(t);
  for (const [version, isEnough] of [
    ['12.22.12', false],
    ['20.18.3', false],
    ['20.19.0', true],
    ['22.1.0', true],
  ] as const) {
    const pretend = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`;
    const { err, status } = await launch(root, ['exit', '0'], {}, [
      `--import=data:text/javascript,${encodeURIComponent(pretend)}`,
    ]).ended;
    t.equal(status, isEnough ? 0 : 1, version);
    if (isEnough) continue;
    t.match(err, `needs Node.js >= 20.19, and this is ${version}`);
    for (const way of ['nodejs.org', 'nvm', 'apt-get install', 'dnf']) t.match(err, way);
  }
  const bare = checkout(t);
  const { err, status } = await launch(bare, ['exit', '0'], { npm_execpath: '', PATH: bare }).ended;
  t.equal(status, 1);
  t.match(err, /cannot find npm.*apt-get install npm/s);
});
