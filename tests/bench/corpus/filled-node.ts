import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repoFilesPath } from '../../../services/adapters/load-repos.ts';
import { repoDigest } from '../../../services/adapters/repo-digest.ts';
import { documentPath } from '../../../services/adapters/repo-files.ts';
import { printRecord } from '../../../services/adapters/repo-record.ts';
import type { Generation } from '../../../services/domain/generation.ts';
import type { RepoIdentity } from '../../../services/domain/identity.ts';
import { binaryKey, newRepoHead } from '../../../services/domain/repo.ts';
import type { Binary, RepoHead } from '../../../services/domain/repo.ts';

/** As many packages as one distro and flavor of a Ceph build has. */
export const BINARIES_PER_REPO = 120;
const FLAVORS = ['default', 'debug'];
const DISTROS = ['jammy', 'noble', 'bookworm'];
const REPOS_PER_SHA1 = DISTROS.length * FLAVORS.length;
/** One build of four is of `main`, the others have a branch each. */
const BUILDS_PER_MAIN = 4;
const FIRST = Date.parse('2026-01-01T00:00:00Z');
const HOUR = 3_600_000;

/** The repo of a number; the largest number is of the newest build. */
export function filledRepo(at: number): RepoIdentity {
  const build = Math.floor(at / REPOS_PER_SHA1);
  return {
    project: 'ceph',
    ref: build % BUILDS_PER_MAIN === 0 ? 'main' : `wip/somebody-branch-${build}`,
    sha1: createHash('sha1').update(`${build}`).digest('hex'),
    distro: 'ubuntu',
    distroVersion: DISTROS[at % DISTROS.length] ?? 'noble',
    flavor: FLAVORS[Math.floor(at / DISTROS.length) % FLAVORS.length] ?? 'default',
  };
}

/** A binary of a repo; its blob holds its name, and nothing is stored of it but that. */
export function filledBinary(at: number, number: number): Binary {
  const { sha1 } = filledRepo(at);
  const name = `ceph-component-${number}_20.0.0-${at}-g${sha1.slice(0, 8)}-1_amd64.deb`;
  const when = new Date(FIRST + Math.floor(at / REPOS_PER_SHA1) * HOUR).toISOString();
  return {
    name,
    arch: 'x86_64',
    blob: { sha256: createHash('sha256').update(name).digest('hex'), size: name.length },
    created: when,
    modified: when,
    builtBy: 'ci',
    revision: number + 1,
  };
}

/** Writes what a stopped node with so many published repos leaves: documents, manifests, blobs and what lies beside them. */
export function fillNode(root: string, repos: number): void {
  const made = new Set<string>();
  const write = (path: string, text: string): void => {
    const folder = dirname(path);
    if (!made.has(folder)) mkdirSync(folder, { recursive: true });
    made.add(folder);
    writeFileSync(path, text);
  };
  for (let at = 0; at < repos; at += 1) {
    const identity = filledRepo(at);
    const binaries = Array.from({ length: BINARIES_PER_REPO }, (_, one) => filledBinary(at, one));
    const record = {
      n: BINARIES_PER_REPO + 1,
      identity,
      head: headOf(binaries),
      binaries: new Map(binaries.map((one) => [binaryKey(one.arch, one.name), one])),
    };
    const digest = repoDigest(identity);
    const document = documentPath(repoFilesPath(join(root, 'repos'), digest));
    write(document, JSON.stringify(printRecord(record)));
    const manifest = join(root, 'published', digest, '1.json');
    write(manifest, JSON.stringify(generationOf(identity, binaries)));
    for (const { name, blob } of binaries) {
      const sha256 = blob?.sha256 ?? '';
      const path = join(root, 'blobs', sha256.slice(0, 2), sha256);
      write(path, name);
      for (const beside of ['.sha512', '.deb.json']) write(path + beside, '{}');
    }
  }
}

function headOf(binaries: readonly Binary[]): RepoHead {
  const when = binaries[0]?.modified ?? '';
  return {
    ...newRepoHead(when),
    type: 'deb',
    status: 'ready',
    revision: binaries.length,
    generation: 1,
    live: {
      number: 1,
      files: 1,
      published: when,
      revision: binaries.length,
      archs: ['x86_64'],
      packages: binaries.length,
      signedBy: null,
      sources: [],
      shadowed: [],
      superseded: [],
      incomplete: [],
    },
  };
}

function generationOf({ distroVersion }: RepoIdentity, binaries: readonly Binary[]): Generation {
  const text = `Codename: ${distroVersion}\n`;
  const sha256 = createHash('sha256').update(text).digest('hex');
  return {
    number: 1,
    type: 'deb',
    date: binaries[0]?.modified ?? '',
    suites: [distroVersion],
    singleRoot: false,
    archs: ['x86_64'],
    packages: binaries.map(({ name, blob }) => ({
      path: `pool/main/c/ceph/${name}`,
      sha256: blob?.sha256 ?? '',
      size: blob?.size ?? 0,
      time: FIRST / 1000,
      suite: distroVersion,
    })),
    files: [{ path: `dists/${distroVersion}/Release`, sha256, size: text.length, text }],
  };
}
