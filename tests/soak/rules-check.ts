import { createHash } from 'node:crypto';
import { fetchNamed, fetched, followApt, followYum } from '../fixtures/follow-repo.ts';
import type { Shown } from './rules-model.ts';
import { Violation } from './soak.ts';

const CODENAMES = ['bookworm', 'trixie', 'noble', 'any'];
const YUM_FOLDERS = ['SRPMS', 'aarch64', 'noarch', 'x86_64'];

/** What a client finds in a published repo. */
export interface Read {
  /** As the model has them. */
  readonly entries: readonly string[];
  /** The sha256 of every file that its folders list, by path. */
  readonly files: ReadonlyMap<string, string>;
}

/** Follows a repo from everything that a client may begin with to the last byte; throws when something is there that should not be. */
export async function readShown(root: string, shown: Shown): Promise<Read> {
  const files = new Map<string, string>();
  for (const path of await walk(root, '')) {
    const bytes = await fetched(root + path);
    files.set(path, createHash('sha256').update(bytes).digest('hex'));
  }
  const beginnings = beginningsOf(shown, files);
  for (const path of everyBeginning()) {
    const { status } = await fetch(root + path, { method: 'HEAD' });
    if (status !== (beginnings.has(path) ? 200 : 404))
      throw new Violation(`${root}${path} is answered ${status}`);
  }
  const entries = new Set<string>();
  for (const codename of shown.suites) {
    const text = await fetched(`${root}dists/${codename}/${shown.isSigned ? 'In' : ''}Release`);
    for (const named of await followApt(root, codename, text.toString())) {
      await fetchNamed(root, named);
      entries.add(`${codename} ${named.sha256}`);
    }
  }
  for (const path of beginnings) {
    if (!path.endsWith('repomd.xml')) continue;
    const folder = path.slice(0, -'repodata/repomd.xml'.length);
    for (const named of await followYum(root + folder, (await fetched(root + path)).toString())) {
      await fetchNamed(root + folder, named);
      entries.add(`${(folder + named.path).split('/')[0] ?? ''} ${named.sha256}`);
    }
  }
  if (shown.kind === 'raw') {
    for (const line of (await fetched(`${root}SHA256SUMS`)).toString().split('\n')) {
      const [sha256 = '', path = ''] = line.split('  ');
      if (path === '') continue;
      if (files.get(path) !== sha256)
        throw new Violation(`${root}${path} is not what its sum says`);
      entries.add(`${path.split('/')[0] ?? ''} ${sha256}`);
    }
  }
  const isIndex = /^dists\/|(^|\/)repodata\/|^SHA256SUMS/;
  for (const [path, sha256] of files) {
    if (isIndex.test(path) || [...entries].some((entry) => entry.endsWith(sha256))) continue;
    throw new Violation(`${root}${path} is listed and in no index`);
  }
  return { entries: [...entries].sort(), files };
}

/** What a client of this repo begins with: these and no others are there. */
function beginningsOf(
  { kind, suites, isSigned }: Shown,
  files: ReadonlyMap<string, string>,
): Set<string> {
  switch (kind) {
    case 'deb': {
      const names = ['Release', ...(isSigned ? ['InRelease', 'Release.gpg'] : [])];
      return new Set(
        suites.flatMap((codename) => names.map((name) => `dists/${codename}/${name}`)),
      );
    }
    case 'rpm': {
      const folders = files.has('repodata/repomd.xml') ? [''] : YUM_FOLDERS.map((one) => `${one}/`);
      const names = ['', ...(isSigned ? ['.asc', '.key'] : [])];
      return new Set(
        folders.flatMap((folder) => names.map((name) => `${folder}repodata/repomd.xml${name}`)),
      );
    }
    case 'raw':
      return new Set(['SHA256SUMS', ...(isSigned ? ['SHA256SUMS.asc'] : [])]);
  }
}

function everyBeginning(): string[] {
  const files = new Map([['repodata/repomd.xml', '']]);
  const any = { suites: CODENAMES, entries: [], revision: 0, isSigned: true };
  return [
    ...beginningsOf({ ...any, kind: 'deb' }, files),
    ...beginningsOf({ ...any, kind: 'rpm' }, files),
    ...beginningsOf({ ...any, kind: 'rpm' }, new Map()),
    ...beginningsOf({ ...any, kind: 'raw' }, files),
  ];
}

/** Every file below a folder, by its pages. */
async function walk(root: string, folder: string): Promise<string[]> {
  const page = (await fetched(root + folder)).toString();
  const files: string[] = [];
  for (const [, name = ''] of page.matchAll(/<a href="\.\/([^"]+)">/g)) {
    if (name.endsWith('/')) files.push(...(await walk(root, folder + name)));
    else files.push(folder + name);
  }
  return files;
}
