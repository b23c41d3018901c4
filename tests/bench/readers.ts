import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Client } from './client.ts';
import { entryPath, publishedPath } from './target.ts';
import type { Target } from './target.ts';

const CODENAME = 'bookworm';
const INDEX = 'main/binary-amd64/Packages.gz';

/**
 * One round as apt makes it: InRelease, then the index it names by its hash. Throws unless everything
 * is there and fits together; answers the names of the packages.
 */
export async function readAsApt(client: Client, target: Target): Promise<Set<string>> {
  const release = await fetched(client, entryPath(target));
  const listed = new RegExp(`^ ([0-9a-f]{64}) +(\\d+) ${INDEX}$`, 'm').exec(release.toString());
  if (listed === null) throw new Error('InRelease does not list the index');
  const [, sha256 = '', size = ''] = listed;
  const folder = INDEX.slice(0, INDEX.lastIndexOf('/'));
  const path = `${publishedPath(target)}dists/${CODENAME}/${folder}/by-hash/SHA256/${sha256}`;
  const index = await fetched(client, path);
  if (index.length !== Number(size) || digest(index) !== sha256) {
    throw new Error(`${path} has other bytes than InRelease says`);
  }
  const names = gunzipSync(index)
    .toString()
    .matchAll(/^Filename: (.*)$/gm);
  return new Set([...names].map(([, name = '']) => name));
}

/** One round as dnf makes it: repomd.xml, then primary by its name. */
export async function readAsDnf(client: Client, target: Target): Promise<Set<string>> {
  const repomd = (await fetched(client, entryPath(target))).toString();
  const primary = /<data type="primary">.*?<\/data>/s.exec(repomd)?.[0] ?? '';
  const href = /<location href="([^"]+)"/.exec(primary)?.[1] ?? '';
  const sha256 = /<checksum type="sha256">([0-9a-f]+)</.exec(primary)?.[1] ?? '';
  const path = `${publishedPath(target)}x86_64/${href}`;
  const index = await fetched(client, path);
  if (digest(index) !== sha256) throw new Error(`${path} has other bytes than repomd.xml says`);
  const names = gunzipSync(index)
    .toString()
    .matchAll(/<location href="([^"]+)"/g);
  return new Set([...names].map(([, name = '']) => name));
}

/** Fetches a package that an index named, whole, and compares its digest. */
async function fetched(client: Client, path: string): Promise<Buffer> {
  const { status, body } = await client.get(path);
  if (status !== 200) throw new Error(`${path} was answered ${status}`);
  return body;
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
