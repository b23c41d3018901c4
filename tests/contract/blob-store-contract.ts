import { createHash } from 'node:crypto';
import t from 'tap';
import type { BlobStore, ReceivedBlob, Take } from '../../services/chacra/ports.ts';
import type { PackageHeader } from '../../services/domain/package-header.ts';
import { tapFor } from '../../services/formats/tap-for.ts';
import { someDeb } from '../fixtures/some-packages.ts';

const MIB = 1024 * 1024;

/** A store that a test may end, as its process would. */
export type OpenBlobs = BlobStore & { close(): Promise<void> };

export const hex = (algorithm: 'sha256' | 'sha512', bytes: Uint8Array): string =>
  createHash(algorithm).update(bytes).digest('hex');

/** How the store names the bytes. */
export const refOf = (bytes: Uint8Array) => ({
  sha256: hex('sha256', bytes),
  size: bytes.length,
});

/** A body that arrives in pieces, and may break off after them. */
export async function* bodyOf(
  bytes: Uint8Array,
  { piece = 70_000, breaks = false } = {},
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += piece) {
    await Promise.resolve();
    yield bytes.subarray(at, at + piece);
  }
  if (breaks) throw new Error('the client is gone');
}

export function receive(
  blobs: BlobStore,
  body: AsyncIterable<Uint8Array>,
  { limit = 64 * MIB, observe = (_chunk: Uint8Array): void => undefined } = {},
): Promise<ReceivedBlob> {
  const flow = async (take: Take) => {
    for await (const chunk of body) await take(chunk);
  };
  return blobs.receive(flow, { limit, observe });
}

/** Takes bytes in for good, without a document that names them. */
export async function keepBytes(blobs: BlobStore, bytes: Uint8Array, name = 'x'): Promise<void> {
  const received = await receive(blobs, bodyOf(bytes));
  await received.keep(null);
  if (/\.(deb|rpm|dsc)$/.test(name)) await blobs.header(received.ref, name);
  received.release();
}

/** The header of a package, as an upload reads it. */
export async function tapAll(name: string, bytes: Uint8Array): Promise<PackageHeader | null> {
  const tap = tapFor(name);
  tap?.write(bytes);
  return (await tap?.end()) ?? null;
}

export async function readAll(blobs: BlobStore, sha256: string): Promise<Buffer> {
  const reader = await blobs.open(sha256);
  try {
    const bytes = Buffer.alloc(reader.size);
    let position = 0;
    while (position < bytes.length) {
      const count = await reader.read(bytes.subarray(position), position);
      if (count === 0) throw new Error('shorter than its size');
      position += count;
    }
    return bytes;
  } finally {
    await reader.close();
  }
}

const nothingInUse = () => Promise.resolve(new Set<string>());

/**
 * What every blob store keeps its word on; each call of `open` is a new process on one folder.
 * `leftovers` names what was begun and neither finished nor cleared away.
 */
export function blobStoreContract(
  name: string,
  open: (folder: string) => Promise<OpenBlobs>,
  leftovers: (folder: string) => string[],
): void {
  t.test(
    `${name}: bytes of every length come out as they went in, in the next life too`,
    async (t) => {
      const folder = t.testdir();
      const blobs = await open(folder);
      for (const size of [0, 1, 70_000, MIB - 1, MIB, MIB + 1, 5 * MIB + 17]) {
        const bytes = Buffer.alloc(size, `${size} and `);
        const seen: Uint8Array[] = [];
        const observe = (chunk: Uint8Array) => void seen.push(chunk);
        const received = await receive(blobs, bodyOf(bytes), { observe, limit: size });
        t.same(received.ref, refOf(bytes));
        t.ok(Buffer.concat(seen).equals(bytes), 'all of it was shown, in order');
        t.equal(await blobs.has(received.ref.sha256), false, 'not there before it is kept');
        await received.keep(null);
        received.release();
        await received.discard();
        t.equal(await blobs.has(received.ref.sha256), true, 'discard is harmless after keep');
        t.ok((await readAll(blobs, received.ref.sha256)).equals(bytes));
        t.equal(await blobs.sha512(received.ref), hex('sha512', bytes));
      }
      const bytes = Buffer.alloc(300_000, '0123456789');
      await keepBytes(blobs, bytes);
      await blobs.close();
      const later = await open(folder);
      const reader = await later.open(hex('sha256', bytes));
      const part = Buffer.alloc(10);
      t.equal(await reader.read(part, 299_995), 5, 'up to the end, not beyond');
      t.equal(part.toString('utf8', 0, 5), '56789');
      t.equal(await reader.read(part, 300_000), 0);
      await reader.close();
      t.equal(await later.sha512(refOf(bytes)), hex('sha512', bytes));
      await later.close();
      t.same(leftovers(folder), []);
    },
  );

  t.test(`${name}: what breaks off, is too large or refused leaves nothing`, async (t) => {
    const folder = t.testdir();
    const blobs = await open(folder);
    const bytes = Buffer.alloc(3 * MIB, 'refused');
    await t.rejects(receive(blobs, bodyOf(bytes, { breaks: true })), /the client is gone/);
    await t.rejects(receive(blobs, bodyOf(bytes), { limit: bytes.length - 1 }), {
      code: 'BODY_TOO_LARGE',
      fields: { limit: bytes.length - 1 },
    });
    let shown = 0;
    const observe = () => {
      shown += 1;
      if (shown === 20) throw new Error('no package');
    };
    await t.rejects(receive(blobs, bodyOf(bytes), { observe }), /no package/);
    t.equal(shown, 20, 'nothing is read after that');
    const unwanted = await receive(blobs, bodyOf(bytes));
    await unwanted.discard();
    await unwanted.discard();
    unwanted.release();
    t.same(leftovers(folder), []);
    t.equal(await blobs.has(unwanted.ref.sha256), false);
    await t.rejects(unwanted.sha512(), 'there are no bytes any more');
    await t.rejects(blobs.open(unwanted.ref.sha256), { code: 'DATA_DAMAGED' });
    await t.rejects(blobs.header(unwanted.ref, 'x.deb'), { code: 'DATA_DAMAGED' });
    await t.rejects(blobs.sha512(unwanted.ref));
    await keepBytes(blobs, bytes);
    t.equal(await blobs.sha512(unwanted.ref), hex('sha512', bytes), 'it may come again');
    await blobs.close();
  });

  t.test(`${name}: a digest can be asked for at every moment`, async (t) => {
    const blobs = await open(t.testdir());
    const ask = async (text: string, when: 'received' | 'kept' | 'both' | 'many') => {
      const bytes = Buffer.from(text.repeat(1000));
      const received = await receive(blobs, bodyOf(bytes));
      const right = hex('sha512', bytes);
      if (when !== 'kept') t.equal(await received.sha512(), right);
      await received.keep(null);
      const asked = Array.from({ length: when === 'many' ? 5 : 1 }, () =>
        blobs.sha512(received.ref),
      );
      t.same(new Set(await Promise.all(asked)), new Set([right]), `${text}, ${when}`);
      received.release();
    };
    for (let round = 0; round < 5; round += 1) {
      await ask(`kept ${round}`, 'kept');
      await ask(`received ${round}`, 'received');
    }
    await Promise.all(
      (['kept', 'both', 'many', 'kept'] as const).map((when, at) => ask(`at once ${at}`, when)),
    );
    await blobs.close();
  });

  t.test(`${name}: the same bytes twice, one after the other and at once`, async (t) => {
    const folder = t.testdir();
    const blobs = await open(folder);
    const { bytes, name: file } = someDeb();
    const before = await receive(blobs, bodyOf(bytes));
    await before.keep(null);
    const reader = await blobs.open(before.ref.sha256);
    const both = await Promise.all([
      receive(blobs, bodyOf(bytes)),
      receive(blobs, bodyOf(bytes, { piece: 100 })),
    ]);
    await Promise.all(both.map((received) => received.keep(null)));
    for (const received of [before, ...both]) received.release();
    const [first = both[0]] = both;
    t.match(await blobs.header(first.ref, file), { kind: 'deb', package: 'hello' });
    t.ok((await readAll(blobs, first.ref.sha256)).equals(bytes));
    const head = Buffer.alloc(7);
    await reader.read(head, 0);
    t.equal(head.toString(), '!<arch>', 'who reads is not disturbed');
    await reader.close();
    t.same(leftovers(folder), []);
    await blobs.close();
  });

  t.test(`${name}: a name decides how bytes are read`, async (t) => {
    const folder = t.testdir();
    const blobs = await open(folder);
    const { bytes } = someDeb('ceph', '19.2.0-1', 'arm64');
    const fields = { package: 'ceph', version: '19.2.0-1', architecture: 'arm64' };
    await keepBytes(blobs, bytes);
    const ref = refOf(bytes);
    t.match(await blobs.header(ref, 'ceph_19.deb'), fields);
    t.match(await blobs.header(ref, 'ceph_19.ddeb'), fields);
    t.equal(await blobs.header(ref, 'ceph.tar.gz'), null);
    t.equal(await blobs.header(ref, 'cephadm'), null);
    await t.rejects(blobs.header(ref, 'ceph.rpm'), { code: 'PACKAGE_MALFORMED' });
    await t.rejects(blobs.header(ref, 'ceph.dsc'), { code: 'PACKAGE_MALFORMED' });
    await blobs.close();
    const later = await open(folder);
    t.match(await later.header(ref, 'other-name.deb'), fields);
    await later.close();
  });

  t.test(`${name}: the sweep takes what nobody names or holds`, async (t) => {
    const folder = t.testdir();
    const blobs = await open(folder);
    const texts = ['named', 'held', 'held twice', 'free', 'free too'];
    const [named, held, twice, free, freeToo] = texts.map((text) => Buffer.from(text));
    for (const text of texts) await keepBytes(blobs, Buffer.from(text));
    const sha = (bytes: Uint8Array = Buffer.of()) => hex('sha256', bytes);
    const deb = someDeb();
    await keepBytes(blobs, deb.bytes, deb.name);
    await blobs.sha512(refOf(deb.bytes));
    const release = blobs.hold([sha(held), sha(twice)]);
    const releaseAgain = blobs.hold([sha(twice), sha(twice)]);
    const flying = await receive(blobs, bodyOf(Buffer.from('in flight')));
    const inUse = () => Promise.resolve(new Set([sha(named)]));
    const bytes = [free, freeToo, deb.bytes].reduce((sum, each) => sum + (each?.length ?? 0), 0);
    t.same(await blobs.sweep(inUse), { removed: 3, bytes });
    t.equal(await blobs.has(sha(free)), false);
    await t.rejects(blobs.open(sha(deb.bytes)), { code: 'DATA_DAMAGED' });
    for (const each of [named, held, twice]) t.equal(await blobs.has(sha(each)), true);

    release();
    release();
    t.match(await blobs.sweep(inUse), { removed: 1 });
    t.equal(await blobs.has(sha(twice)), true, 'another one holds it');
    await flying.keep(null);
    releaseAgain();
    t.match(await blobs.sweep(inUse), { removed: 1 }, 'not what was kept and not released');
    t.equal(await blobs.has(flying.ref.sha256), true);
    flying.release();
    t.match(await blobs.sweep(nothingInUse), { removed: 2 });
    t.match(await blobs.sweep(nothingInUse), { removed: 0, bytes: 0 });
    await t.rejects(
      blobs.sweep(() => Promise.reject(new Error('documents'))),
      /documents/,
    );

    await keepBytes(blobs, deb.bytes);
    t.match(await blobs.header(refOf(deb.bytes), deb.name), { package: 'hello' }, 'made again');
    await blobs.close();
  });
}
