#!/usr/bin/env node
/**
 * What the package scripts run: brings a fresh checkout to the point where gitbuilder can start
 * (packages, build), then starts it. It imports nothing that must be installed first, and keeps to the
 * syntax of Node 12, because an old Node must get as far as the sentence that says so.
 */
import { spawn } from 'child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'fs';
import { dirname, join } from 'path';
import { clearTimeout, setTimeout } from 'timers';
import { fileURLToPath } from 'url';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const NEEDED = { major: 20, minor: 19 };
const PATIENCE_MS = 30000;
const FITTING_MS = 120000;
const INSTALLED = join(ROOT, 'node_modules', '.package-lock.json');
const BUILT = join(ROOT, 'build', '.built');
const TAP_FITTED = join(ROOT, 'node_modules', '.tap-fitted');
/** Holds the number of the process that fits it; stays behind when that broke off. */
const TAP_BEING_FITTED = join(ROOT, 'node_modules', '.tap-being-fitted');
/** What tsconfig.build.json compiles. */
const SOURCES = ['services', 'jenkins-shared-lib', 'node-agent'];

const TASKS = {
  '--tests': (args) => [binOf('tap'), 'run'].concat(args),
  '--bench': (args) => ['--import', 'tsx', join(ROOT, 'tests', 'bench', 'main.ts')].concat(args),
  '--soak': (args) => ['--import', 'tsx', join(ROOT, 'tests', 'soak', 'main.ts')].concat(args),
};

main(process.argv.slice(2)).catch((error) => {
  console.error(`gitbuilder: ${error.message}`);
  process.exitCode = 1;
});

async function main(args) {
  refuseOldNode();
  await install();
  const task = Object.prototype.hasOwnProperty.call(TASKS, args[0]) ? TASKS[args[0]] : undefined;
  // Tests, bench and soak start what operators run: the build.
  await build();
  if (task && args[0] === '--tests') {
    await fitTap();
    process.env.GITBUILDER_TESTS_BUILD = '1';
  }
  if (task) return become(task(args.slice(1)), ROOT);
  return become(
    [join(ROOT, 'build', 'services', 'cli', 'gitbuilder.js')].concat(args),
    process.cwd(),
  );
}

function refuseOldNode() {
  const numbers = process.versions.node.split('.').map(Number);
  const major = numbers[0];
  if (major > NEEDED.major || (major === NEEDED.major && numbers[1] >= NEEDED.minor)) return;
  throw new Error(
    `needs Node.js >= ${NEEDED.major}.${NEEDED.minor}, and this is ${process.versions.node} (${process.execPath}).\n` +
      'Any of these brings a newer one, with npm:\n' +
      '  - the installers and archives at https://nodejs.org/en/download\n' +
      '  - nvm (https://github.com/nvm-sh/nvm): nvm install 22\n' +
      '  - your distribution: apt-get install nodejs npm (Debian 13, Ubuntu 26.04 or later),\n' +
      '    dnf install nodejs npm (Fedora), dnf module install nodejs:22 (RHEL 9, Rocky, Alma)',
  );
}

/** Installs what package-lock.json names, unless that was done since it last changed. */
async function install() {
  if (changedAt(INSTALLED) < changedAt(join(ROOT, 'package-lock.json'))) await reinstall();
}

function reinstall() {
  // The build needs what is listed for development, also where NODE_ENV says production.
  return step('installing packages (npm ci)', npm(['ci', '--include=dev']));
}

/** npm tells what it runs where it is; elsewhere it is looked up in PATH. */
function npm(args) {
  const script = process.env.npm_execpath;
  return script && /\.c?js$/.test(script)
    ? [process.execPath, script].concat(args)
    : ['npm'].concat(args);
}

/** Compiles what operators run to build/, unless nothing changed since. */
async function build() {
  const times = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json']
    .map((name) => changedAt(join(ROOT, name)))
    .concat(SOURCES.map((name) => newestBelow(join(ROOT, name))));
  if (changedAt(BUILT) > Math.max.apply(null, times)) return;
  const begun = new Date();
  await step('building (npm run build)', npm(['run', 'build']));
  writeFileSync(BUILT, '');
  // What is edited meanwhile is newer than that, though perhaps not in it.
  utimesSync(BUILT, begun, begun);
}

/** Has tap load the plugins that .taprc asks for: as installed it loads all, and each test file takes 3 s longer. */
async function fitTap() {
  const isFitted = () =>
    changedAt(TAP_FITTED) > Math.max(changedAt(INSTALLED), changedAt(join(ROOT, '.taprc')));
  while (!isFitted() && isOtherAtIt()) await new Promise((resolve) => setTimeout(resolve, 200));
  if (isFitted()) return;
  // tap takes itself apart for that: half done, it cannot even begin anew.
  if (existsSync(TAP_BEING_FITTED)) await reinstall();
  writeFileSync(TAP_BEING_FITTED, String(process.pid));
  await step('fitting tap to .taprc (tap build)', [process.execPath, binOf('tap'), 'build']);
  writeFileSync(TAP_FITTED, '');
  unlinkSync(TAP_BEING_FITTED);
}

/** Two that fit it at once would take it from each other. It takes seconds: an old number may be anybody's. */
function isOtherAtIt() {
  if (Date.now() - changedAt(TAP_BEING_FITTED) > FITTING_MS) return false;
  try {
    process.kill(parseInt(readFileSync(TAP_BEING_FITTED, 'utf8'), 10), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function changedAt(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

/** When something below a folder last changed; folders count, so that a removed file is noticed. */
function newestBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).reduce((newest, entry) => {
    const path = join(folder, entry.name);
    return Math.max(newest, entry.isDirectory() ? newestBelow(path) : changedAt(path));
  }, changedAt(folder));
}

/** The script behind the command of an installed package, as its package.json names it. */
function binOf(name) {
  const folder = join(ROOT, 'node_modules', name);
  const bin = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).bin;
  return join(folder, typeof bin === 'string' ? bin : bin[name]);
}

/** One line while it works; what it said only when it fails, or takes so long that one wants to see. */
function step(title, command) {
  const started = Date.now();
  console.error(`gitbuilder: ${title} ...`);
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let held = [];
    const show = () => {
      for (const chunk of held || []) process.stderr.write(chunk);
      held = null;
    };
    const patience = setTimeout(show, PATIENCE_MS);
    const hear = (chunk) => (held ? held.push(chunk) : process.stderr.write(chunk));
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', (error) => {
      clearTimeout(patience);
      reject(error.code === 'ENOENT' ? missing(command[0]) : error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(patience);
      if (code === 0) {
        console.error(
          `gitbuilder: ${title}: done in ${Math.round((Date.now() - started) / 1000)} s`,
        );
        return resolve();
      }
      show();
      reject(new Error(`${title} failed (${signal || `status ${code}`}); what it said is above`));
    });
  });
}

function missing(command) {
  return new Error(
    `cannot find ${command}. It comes with Node.js from https://nodejs.org/en/download and nvm; ` +
      'where a distribution packs it alone: apt-get install npm, or dnf install npm.',
  );
}

/** Runs Node on these arguments in our place: its terminal, its signals, its end. */
function become(args, cwd) {
  const child = spawn(process.execPath, args, { cwd, stdio: 'inherit' });
  const forward = (signal) => child.kill(signal);
  // Ctrl-C at a terminal reaches the child without us, and twice would mean "at once".
  const ignore = () => undefined;
  const handlers = {
    SIGTERM: forward,
    SIGHUP: forward,
    SIGINT: process.stdin.isTTY ? ignore : forward,
  };
  for (const signal of Object.keys(handlers)) process.on(signal, handlers[signal]);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      for (const name of Object.keys(handlers)) process.removeListener(name, handlers[name]);
      if (signal) process.kill(process.pid, signal);
      else process.exitCode = code;
      resolve();
    });
  });
}
