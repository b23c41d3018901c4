import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { startChacra } from '../../services/chacra-main.ts';
import { reasonOf } from '../../services/domain/reason.ts';
import { parseConfiguration } from '../../services/platform/configuration.ts';
import type { RunningService } from '../../services/platform/running-service.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { authorization, nodeConfiguration } from '../fixtures/chacra.ts';
import { exportedFiles } from '../fixtures/exported.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { readShown } from './rules-check.ts';
import { RulesModel } from './rules-model.ts';
import type { Kind, ModelRepo } from './rules-model.ts';
import { Violation, oneOf } from './soak.ts';
import type { Soak } from './soak.ts';

const HOUR = 3_600_000;
const OPERATIONS = 60;
const PROJECTS = ['auto', 'byhand', 'taking', 'taken'];
const PLACES = [
  ...['debian/bookworm', 'debian/bookworm', 'debian/trixie', 'debian/any', 'ubuntu/noble'],
  ...['centos/9', 'centos/any', 'opensuse/15.6'],
];
const IDLE_ROUNDS = 3;
const PATIENCE_MILLISECONDS = 60_000;

/**
 * Nodes that random operations are done to, under rules of several projects that change with restarts.
 * After each, what is served, said and exported is what a model of the rules says.
 */
export async function rules(soak: Soak, worlds: number): Promise<void> {
  for (let world = 1; world <= worlds; world += 1) {
    const one = new World(soak, soak.folder(`rules-${world}`));
    await one.start();
    try {
      for (let n = 0; n < OPERATIONS; n += 1) await one.step();
    } catch (cause) {
      const done = one.done.map((line) => `  ${line}\n`).join('');
      throw new Violation(`${reasonOf(cause)}\nin world ${world}, after\n${done}`, { cause });
    } finally {
      await one.stop();
    }
    soak.say(`  world ${world}: ${one.done.length} operations, ${one.model.repos.size} repos`);
  }
}

class World {
  readonly model = new RulesModel();
  readonly done: string[] = [];
  readonly #folder: string;
  readonly #random: () => number;
  readonly #clock = new ManualClock();
  readonly #log = new RecordingLog();
  #node: RunningService | null = null;
  readonly #flags = { combined: true, extras: true, byHand: true, off: false, signing: false };

  constructor({ random }: Soak, folder: string) {
    this.#random = random;
    this.#folder = folder;
  }

  async start(): Promise<void> {
    const { combined, extras, byHand, off, signing } = this.#flags;
    const both = combined ? ['bookworm', 'trixie'] : [];
    const plain = { automatic: true, disabled: false, combined: [], extras: {} };
    this.model.isSigning = signing;
    this.model.rules = {
      auto: { ...plain, combined: both },
      byhand: { ...plain, automatic: !byHand, combined: both },
      taking: {
        ...{ ...plain, combined: ['trixie'] },
        extras: extras ? { all: { taken: ['all'] }, wip: { taken: ['wip'] } } : {},
      },
      taken: { ...plain, disabled: off },
    };
    const key = join(this.#folder, 'key.asc');
    if (!existsSync(key))
      writeFileSync(key, (await makeSigningKey({ type: 'ed25519', name: 'soak' })).armoredKey);
    const text = nodeConfiguration({
      chacra: [
        '  exportRoot: export',
        `  projects: ${JSON.stringify(this.model.rules)}`,
        ...(signing ? ['  signing: { keyFile: key.asc }'] : []),
      ].join('\n'),
    });
    const configuration = parseConfiguration(text, join(this.#folder, 'gitbuilder.yaml'));
    const { users } = configuration;
    const version = '0.0.0-soak';
    this.#node = await startChacra({
      ...{ configuration, users, version, clock: this.#clock, log: this.#log },
    });
    this.model.start();
  }

  async stop(): Promise<void> {
    await this.#node?.stop();
  }

  /** Does something, waits until nothing is owed and compares. */
  async step(): Promise<void> {
    this.#clock.advance(1000);
    await this.#operate();
    await this.#settle();
    for (const repo of this.model.repos.values()) await this.#check(repo);
    const [error] = this.#log.lines.filter(({ level }) => level === 'error');
    if (error !== undefined) throw new Violation(error.message, { cause: error.fields });
  }

  async #operate(): Promise<void> {
    const { model } = this;
    const chance = this.#random();
    const repos = [...model.repos.values()];
    if (chance < 0.45 || repos.length < 3) return this.#put();
    const repo = oneOf(repos, this.#random);
    const { path } = repo;
    if (chance < 0.58) {
      const key = oneOf([...repo.binaries.keys()], this.#random);
      const [arch = '', file = ''] = key.split('/');
      await this.#ask('DELETE', `binaries/${placeOf(repo, arch)}/${file}`);
      model.remove(repo, key);
    } else if (chance < 0.63) {
      await this.#ask('DELETE', `repos/${path}/`);
      model.repos.delete(path);
    } else if (chance < 0.75) {
      const { disabled } = model.rulesOf(repo);
      await this.#ask('POST', `repos/${path}/update${disabled ? '' : '?wait=60'}`);
      if (!disabled) model.update(repo);
    } else if (chance < 0.79) {
      const kind = oneOf<Kind>(['raw', isYum(path) ? 'rpm' : 'deb'], this.#random);
      await this.#ask('POST', `repos/${path}/`, JSON.stringify({ type: kind }));
      model.setKind(repo, kind);
    } else if (chance < 0.86) {
      await this.#goBack(repo);
    } else if (chance < 0.94) {
      await this.stop();
      for (const flag of keysOf(this.#flags))
        if (this.#random() < 0.25) this.#flags[flag] = !this.#flags[flag];
      await this.start();
      this.done.push(`restart ${JSON.stringify(this.#flags)}`);
    } else {
      this.#clock.advance(13 * HOUR);
      this.done.push('thirteen hours');
    }
  }

  async #put(): Promise<void> {
    const choose = <T>(items: readonly T[]) => oneOf(items, this.#random);
    const [distro = '', distroVersion = ''] = choose(PLACES).split('/');
    const identity = {
      ...{ project: choose(PROJECTS), ref: choose(['main', 'main', 'wip']), distro, distroVersion },
      ...{
        sha1: choose(['1', '1', '2']).repeat(40),
        flavor: choose(['default', 'default', 'other']),
      },
    };
    const [name, version, word] = [
      choose(['one', 'two']),
      choose(['1.0', '1.1']),
      choose(['', 'b']),
    ];
    const packageArch = choose(isYum(`/${distro}/`) ? ['x86_64', 'noarch'] : ['amd64', 'all']);
    const make = isYum(`/${distro}/`) ? someBuiltRpm : someDeb;
    const { name: file, bytes } = make(name, version, packageArch, word);
    const arch = choose(['x86_64', 'arm64']);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await this.#ask('PUT', `binaries/${placeOf({ identity }, arch)}/${file}?force=1`, bytes);
    const now = this.#clock.now().getTime();
    const time = Math.floor(now / 1000);
    this.model.put(identity, { arch, file, name, version, packageArch, sha256, time }, now);
  }

  async #goBack(repo: ModelRepo): Promise<void> {
    const listed = (await this.#generations(repo)).map(({ number }) => number);
    const known = listed.filter((number) => repo.shown.has(number));
    if (known.length === 0 || this.model.rulesOf(repo).disabled) return;
    const number = oneOf(known, this.#random);
    const shown = repo.shown.get(number);
    await this.#ask('POST', `api/v1/repos/${repo.path}/generations/${number}/restore?wait=60`);
    if (shown !== undefined) this.model.goBack(repo, shown);
  }

  async #settle(): Promise<void> {
    const end = Date.now() + PATIENCE_MILLISECONDS;
    for (let idle = 0; idle < IDLE_ROUNDS; idle += 1) {
      if (Date.now() > end) throw new Violation('something is owed for ever');
      this.#clock.advance(3000);
      for (const { path } of this.model.repos.values()) {
        const { status } = await this.#json<{ status: string }>(`repos/${path}/`);
        if (['requested', 'queued', 'building'].includes(status)) idle = -1;
      }
    }
    this.model.settle();
  }

  async #check(repo: ModelRepo): Promise<void> {
    const { path, live } = repo;
    const said = await this.#json<{ unpublished: number; status: string }>(`repos/${path}/`);
    const { url } = this.#running();
    const read = live === null ? null : await readShown(`${url}r/${path}/`, live);
    const is = { ...said, entries: read?.entries ?? null };
    for (const [what, one, other] of [
      ['status', is.status, live === null ? 'collecting' : 'ready'],
      ['unpublished', is.unpublished, this.model.unpublished(repo)],
      ['published', is.entries?.join('\n'), live?.entries.join('\n')],
    ]) {
      if (one !== other) throw new Violation(`${path}: ${what} is\n${one}\nand not\n${other}`);
    }
    if (live === null || read === null) return;
    const files = (await this.#generations(repo)).find(({ live: isLive }) => isLive)?.number;
    if (files !== undefined && !repo.shown.has(files)) repo.shown.set(files, live);
    await this.#checkExport(path, read.files);
  }

  /** A moment after a repo is ready, it is exported: exactly what is served. */
  async #checkExport(path: string, files: ReadonlyMap<string, string>): Promise<void> {
    const folder = join(this.#folder, 'export', path);
    const wanted = [...files].map(([file, sha256]) => `${file} ${sha256}`).sort();
    const end = Date.now() + PATIENCE_MILLISECONDS;
    for (let is = ''; is !== wanted.join('\n');) {
      if (Date.now() > end) throw new Violation(`${path} is exported as\n${is}`);
      await new Promise(setImmediate);
      if (!existsSync(folder)) continue;
      const there = exportedFiles(folder).filter((file) => !file.includes('/by-hash/'));
      is = there.map((file) => `${file} ${sha256Of(join(folder, file))}`).join('\n');
    }
  }

  async #generations({ path }: ModelRepo) {
    const list = `api/v1/repos/${path}/generations/`;
    return (await this.#json<{ generations: { number: number; live: boolean }[] }>(list))
      .generations;
  }

  async #json<T>(path: string): Promise<T> {
    // The node's own JSON, whose shape other tests hold it to.
    return (await (await this.#fetch('GET', path)).json()) as T;
  }

  async #ask(method: string, path: string, body?: string | Uint8Array): Promise<void> {
    this.done.push(`${method} ${path}`);
    await (await this.#fetch(method, path, body)).text();
  }

  async #fetch(method: string, path: string, body?: string | Uint8Array): Promise<Response> {
    const headers = { authorization: authorization(), 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: Buffer.from(body) };
    const answer = await fetch(this.#running().url + path, { method, headers, ...sent });
    if (answer.ok) return answer;
    throw new Violation(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }

  #running(): RunningService {
    if (this.#node === null) throw new Error('the node was not started');
    return this.#node;
  }
}

function placeOf({ identity }: Pick<ModelRepo, 'identity'>, arch: string): string {
  const { project, ref, sha1, distro, distroVersion, flavor } = identity;
  return `${project}/${ref}/${sha1}/${distro}/${distroVersion}/${arch}/flavors/${flavor}`;
}

function isYum(path: string): boolean {
  return /\/(centos|opensuse)\//.test(path);
}

function keysOf<T extends object>(value: T): (keyof T)[] {
  // Of a literal of our own.
  return Object.keys(value) as (keyof T)[];
}

function sha256Of(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
