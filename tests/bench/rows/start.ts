import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoDigest } from '../../../services/adapters/repo-digest.ts';
import { documentPath } from '../../../services/adapters/repo-files.ts';
import { printRecord } from '../../../services/adapters/repo-record.ts';
import { repoFilesPath } from '../../../services/adapters/load-repos.ts';
import { binaryKey, newRepoHead } from '../../../services/domain/repo.ts';
import type { Binary, RepoHead } from '../../../services/domain/repo.ts';
import type { RepoIdentity } from '../../../services/domain/identity.ts';
import type { Finding, Row } from '../row.ts';
import { timed } from '../run-tool.ts';
import { startServer } from '../server.ts';
import type { Server } from '../server.ts';
import { count, duration, megabytes } from '../statistics.ts';

const REPOS = 2500;
const QUICK_REPOS = 100;
/** As many packages as one distro and flavor of a Ceph build has. */
const BINARIES = 120;
const FLAVORS = ['default', 'debug'];
const DISTROS: readonly (readonly [string, string])[] = [
  ['ubuntu', 'jammy'],
  ['ubuntu', 'noble'],
  ['centos', '9'],
];
const WHEN = '2026-01-01T00:00:00.000Z';
const SECONDS = 3;
const BYTES = 700e6;

/** From the command to the line that says that it is ready, with as much as years of builds leave. */
export const start: Row = {
  name: 'start',
  needs: [],
  async run(bench): Promise<Finding[]> {
    const folder = bench.folder('start');
    const repos = bench.quick ? QUICK_REPOS : REPOS;
    const filling = await timed(() => Promise.resolve(fill(join(folder, 'data', 'chacra'), repos)));
    bench.say(`  ${repos} repositories written in ${duration(filling)}`);
    const seconds: number[] = [];
    const memory: number[] = [];
    const cpu: number[] = [];
    for (let run = 0; run < bench.runs; run += 1) {
      let server: Server | undefined;
      seconds.push(
        await timed(async () => (server = await startServer({ folder, signing: null }))),
      );
      if (server === undefined) throw new TypeError('it is ready');
      memory.push(server.memory().now);
      cpu.push(server.cpuSeconds());
      bench.say(
        `  ready in ${duration(seconds.at(-1) ?? NaN)}, ${duration(cpu.at(-1) ?? NaN)} of CPU, ${megabytes(memory.at(-1) ?? NaN)}`,
      );
      await server.kill();
    }
    const [best, most] = [Math.min(...seconds), Math.max(...memory)];
    return [
      {
        what: `start with ${count(repos * BINARIES)} binaries in ${count(repos)} repositories`,
        ours: `${duration(best)} (slowest run ${duration(Math.max(...seconds))}; ${duration(Math.min(...cpu))} of CPU), ${megabytes(most)} resident`,
        beside: '',
        ratio: '',
        target: `≤ ${SECONDS} s, ≤ ${megabytes(BYTES)}`,
        reached: best <= SECONDS && most <= BYTES,
      },
    ];
  },
};

/** What a stopped node leaves: its documents, and for each blob the three files that a start looks past. */
function fill(root: string, repos: number): void {
  const made = new Set<string>();
  const makeOnce = (folder: string): string => {
    if (!made.has(folder)) mkdirSync(folder, { recursive: true });
    made.add(folder);
    return folder;
  };
  for (let at = 0; at < repos; at += 1) {
    const identity = identityOf(at);
    const binaries = Array.from({ length: BINARIES }, (_, number) => binaryOf(at, number));
    const path = repoFilesPath(join(root, 'repos'), repoDigest(identity));
    makeOnce(join(path, '..'));
    const keyed = new Map(binaries.map((one) => [binaryKey(one.arch, one.name), one]));
    const record = { n: BINARIES + 1, identity, head: HEAD, binaries: keyed };
    writeFileSync(documentPath(path), JSON.stringify(printRecord(record)));
    for (const { blob } of binaries) {
      const sha256 = blob?.sha256 ?? '';
      const beside = join(makeOnce(join(root, 'blobs', sha256.slice(0, 2))), sha256);
      for (const ending of ['', '.sha512', '.deb.json']) writeFileSync(beside + ending, '');
    }
  }
}

function identityOf(at: number): RepoIdentity {
  const [distro, distroVersion] = DISTROS[at % DISTROS.length] ?? ['ubuntu', 'noble'];
  const build = Math.floor(at / (DISTROS.length * FLAVORS.length));
  return {
    project: 'ceph',
    ref: build % 4 === 0 ? 'main' : `wip/somebody-branch-${build}`,
    sha1: createHash('sha1').update(`${build}`).digest('hex'),
    distro,
    distroVersion,
    flavor: FLAVORS[Math.floor(at / DISTROS.length) % FLAVORS.length] ?? 'default',
  };
}

function binaryOf(repo: number, number: number): Binary {
  const version = `20.0.0-${repo}-g${createHash('sha1').update(`${repo}`).digest('hex').slice(0, 8)}-1`;
  const name = `ceph-component-${number}_${version}_amd64.deb`;
  return {
    name,
    arch: 'x86_64',
    blob: { sha256: createHash('sha256').update(name).digest('hex'), size: 1_000_000 + number },
    created: WHEN,
    modified: WHEN,
    builtBy: 'ci',
    revision: number + 1,
  };
}

const HEAD: RepoHead = {
  ...newRepoHead(WHEN),
  type: 'deb',
  status: 'ready',
  revision: BINARIES,
  generation: 1,
  live: {
    number: 1,
    files: 1,
    published: WHEN,
    revision: BINARIES,
    archs: ['x86_64'],
    packages: BINARIES,
    signedBy: null,
    sources: [],
    shadowed: [],
    superseded: [],
    incomplete: [],
  },
};
