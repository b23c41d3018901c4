import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Client } from './client.ts';
import { entryPath, publishedPath } from './target.ts';
import type { Target } from './target.ts';

const FOLDER = 'main/binary-amd64';

/** The sha256 of each package by its path below the repository. */
export type Published = ReadonlyMap<string, string>;

/**
 * One round as apt makes it: InRelease, then the index it names by its hash. Throws unless everything
 * is there and fits together.
 */
export async function readAsApt(client: Client, target: Target): Promise<Published> {
  const release = (await fetched(client, entryPath(target))).toString();
  const listed = new RegExp(`^ ([0-9a-f]{64}) +(\\d+) ${FOLDER}/Packages.gz$`, 'm').exec(release);
  if (listed === null) throw new Error('InRelease does not list the index');
  const [, sha256 = '', size = ''] = listed;
  const path = `${publishedPath(target)}dists/bookworm/${FOLDER}/by-hash/SHA256/${sha256}`;
  const index = await fetched(client, path);
  if (index.length !== Number(size) || digest(index) !== sha256) {
    throw new Error(`${path} has other bytes than InRelease says`);
  }
  const published = new Map<string, string>();
  for (const stanza of gunzipSync(index).toString().split('\n\n')) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? '';
    if (stanza !== '') published.set(field('Filename'), field('SHA256'));
  }
  return published;
}

/** One round as dnf makes it: repomd.xml, then primary by the name that stands there. */
export async function readAsDnf(client: Client, target: Target): Promise<Published> {
  const repomd = (await fetched(client, entryPath(target))).toString();
  const primary = /<data type="primary">.*?<\/data>/s.exec(repomd)?.[0] ?? '';
  const href = /<location href="([^"]+)"/.exec(primary)?.[1] ?? '';
  const sha256 = /<checksum type="sha256">([0-9a-f]+)</.exec(primary)?.[1] ?? '';
  const path = `${publishedPath(target)}x86_64/${href}`;
  const index = await fetched(client, path);
  if (digest(index) !== sha256) throw new Error(`${path} has other bytes than repomd.xml says`);
  const published = new Map<string, string>();
  for (const entry of gunzipSync(index).toString().split('<package ').slice(1)) {
    const at = /<location href="([^"]+)"/.exec(entry)?.[1] ?? '';
    const pkgid = /<checksum type="sha256" pkgid="YES">([0-9a-f]+)</.exec(entry)?.[1] ?? '';
    published.set(`x86_64/${at}`, pkgid);
  }
  return published;
}

/** Fetches a package that an index named, whole, and throws unless it has the bytes it was named with. */
export async function readPackage(
  client: Client,
  target: Target,
  [path, sha256]: readonly [path: string, sha256: string],
): Promise<void> {
  const bytes = await fetched(client, publishedPath(target) + path);
  if (digest(bytes) !== sha256) throw new Error(`${path} has other bytes than its index says`);
}

async function fetched(client: Client, path: string): Promise<Buffer> {
  const { status, body } = await client.get(path);
  if (status !== 200) throw new Error(`${path} was answered ${status}`);
  return body;
}

/** Hexadecimal sha256 of bytes. */
export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
