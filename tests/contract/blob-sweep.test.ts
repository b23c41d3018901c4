import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { openBlobStore } from '../../services/adapters/blob-store.ts';
import { tapFor } from '../../services/formats/tap-for.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { bodyOf, keepBytes, readAll, receive, refOf, tapAll } from './blob-store-contract.ts';

const open = (root: string) =>
  openBlobStore({
    root,
    clock: new ManualClock(),
    tapFor,
    sha512: true,
    headerCacheBytes: 0,
  });

const pathOf = (root: string, sha256: string) => join(root, 'blobs', sha256.slice(0, 2), sha256);

const namesBelow = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' });

/** Documents that name nothing, and call back as soon as they were asked for a blob. */
class Asked extends Set<string> {
  readonly #then: (sha256: string) => void;

  constructor(then: (sha256: string) => void) {
    super();
    this.#then = then;
  }

  override has(sha256: string): boolean {
    queueMicrotask(() => this.#then(sha256));
    return false;
  }
}

t.test('what is taken up once the sweep has looked at it stays', async (t) => {
  const root = t.testdir();
  const blobs = await open(root);
  const texts = Array.from({ length: 20 }, (_, number) => `${number}`);
  for (const text of texts) await keepBytes(blobs, Buffer.from(text));
  const left = join(root, 'blobs', 'a7', '.tmp-0123456789abcdef01234567');
  writeFileSync(left, 'a header that an earlier release began here');
  const releases: (() => void)[] = [];
  const hold = new Asked((sha256) => releases.push(blobs.hold([sha256])));
  t.same(await blobs.sweep(() => Promise.resolve(hold)), { removed: 0, bytes: 0 });
  for (const release of releases) release();
  const touch = new Asked((sha256) => blobs.hold([sha256])());
  t.match(await blobs.sweep(() => Promise.resolve(touch)), { removed: 0 }, 'let go again');
  t.match(await blobs.sweep(() => Promise.resolve(new Set())), { removed: texts.length });
  t.notOk(existsSync(left));
  await blobs.close();
});

t.test(
  'a store that is closed removes nothing more: its folder may be another process’s',
  async (t) => {
    const root = t.testdir();
    const blobs = await open(root);
    const texts = Array.from({ length: 40 }, (_, number) => `${number}`);
    for (const text of texts) await keepBytes(blobs, Buffer.from(text));
    const left = () => namesBelow(join(root, 'blobs')).filter((name) => /[0-9a-f]{64}$/.test(name));
    const closing: Promise<readonly string[]>[] = [];
    const close = () => {
      if (closing.length === 0) closing.push(blobs.close().then(left));
    };
    await blobs.sweep(() => Promise.resolve(new Asked(close)));
    const [afterwards = []] = await Promise.all(closing);
    t.ok(afterwards.length >= texts.length - 2, `${afterwards.length} are left`);
    t.same(left(), afterwards);
    t.same(await blobs.sweep(() => Promise.resolve(new Set())), { removed: 0, bytes: 0 });
  },
);

t.test('whatever happens during sweeps, only what nobody wants goes', async (t) => {
  const names = Array.from({ length: 6 }, (_, number) => number);
  const packages = names.map((number) => someDeb(`hello-${number}`));
  const bytesOf = (number: number) => packages[number]?.bytes ?? new Uint8Array();
  const step = fc.record({
    what: fc.constantFrom('keep', 'keep', 'abandon', 'forget', 'hold', 'read', 'sweep', 'sweep'),
    name: fc.constantFrom(...names),
  });
  const root = t.testdir();
  let blobs = await open(root);
  const headers = await Promise.all(packages.map(({ name, bytes }) => tapAll(name, bytes)));
  const holds = async (number: number) => {
    const ref = refOf(bytesOf(number));
    const release = blobs.hold([ref.sha256]);
    if (await blobs.has(ref.sha256)) {
      for (let time = 0; time < 3; time += 1) {
        if (!(await readAll(blobs, ref.sha256)).equals(bytesOf(number))) throw new Error('other');
        await blobs.header(ref, 'x.deb');
      }
    }
    release();
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 30 }), async (steps) => {
      const named = new Set<number>();
      const inUse = async () => {
        await Promise.resolve();
        return new Set([...named].map((number) => refOf(bytesOf(number)).sha256));
      };
      let sweeps = Promise.resolve();
      const keeps = async (number: number, isNamed: boolean) => {
        const received = await receive(blobs, bodyOf(bytesOf(number)));
        await received.keep(headers[number] ?? null);
        if (isNamed) named.add(number);
        received.release();
      };
      const run = async ({ what, name }: { what: string; name: number }): Promise<void> => {
        if (what === 'keep' || what === 'abandon') return keeps(name, what === 'keep');
        if (what === 'forget') named.delete(name);
        if (what === 'hold') return holds(name);
        if (what === 'read' && named.has(name)) await readAll(blobs, refOf(bytesOf(name)).sha256);
        if (what === 'sweep') {
          sweeps = sweeps.then(async () => void (await blobs.sweep(inUse)));
          return sweeps;
        }
      };
      await Promise.all(steps.map(run));
      for (const number of named) await holdsWhole(number);
      // A digest that was under way is put beside its blob even when that is gone: the next sweep's.
      await blobs.close();
      blobs = await open(root);
      await blobs.sweep(inUse);
      const left = namesBelow(join(root, 'blobs')).flatMap((path) => path.split(/[/.]/)[1] ?? []);
      t.same(new Set(left), await inUse(), 'nothing else is left');
    }),
    { numRuns: 15 },
  );
  await blobs.close();

  async function holdsWhole(number: number): Promise<void> {
    const ref = refOf(bytesOf(number));
    t.ok((await readAll(blobs, ref.sha256)).equals(bytesOf(number)));
    t.ok(readFileSync(`${pathOf(root, ref.sha256)}.deb.json`, 'utf8'), 'its header too');
  }
});
