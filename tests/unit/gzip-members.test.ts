import { createHook } from 'node:async_hooks';
import { gunzipSync } from 'node:zlib';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { GzipMembers, sha256 } from '../../services/chacra/gzip-members.ts';
import type { IndexEntry } from '../../services/chacra/gzip-members.ts';

const CACHE = 1 << 20;

/** An entry as publishing makes it: named by a hash. */
function entry(word: string): IndexEntry {
  const key = sha256(Buffer.from(word));
  return { key, text: `Package: ${word}\nSHA256: ${key}\n\n` };
}

function entries(from: number, to: number): IndexEntry[] {
  return Array.from({ length: to - from }, (_, index) => entry(`p${from + index}`));
}

/** How a member that is made here begins: deflate, no flags, no time (RFC 1952, 2.3). */
const MEMBER = '\x1f\x8b\x08\0\0\0\0\0\0';

function membersOf(gz: Uint8Array): string[] {
  return Buffer.from(gz).toString('latin1').split(MEMBER).slice(1);
}

/** How often zlib is set to work meanwhile. */
async function compressions(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'ZLIB') count += 1;
    },
  });
  hook.enable();
  await work();
  hook.disable();
  return count;
}

const someEntries = fc.array(
  fc.record({ key: fc.stringMatching(/^[0-9a-f]{64}$/), text: fc.string({ unit: 'grapheme' }) }),
  { maxLength: 40 },
);
const someText = fc.string({ maxLength: 20 });

t.test('any list between any head and tail is its own text when it is unpacked', async (t) => {
  // Small enough that members are forgotten while they are used.
  const members = new GzipMembers({ cacheBytes: 300 });
  const law = fc.asyncProperty(someEntries, someText, someText, async (list, head, tail) => {
    const text = head + list.map((item) => item.text).join('') + tail;
    const { plain, plainSha256, gz, gzSha256 } = await members.compress(list, { head, tail });
    return (
      Buffer.from(plain).toString() === Buffer.from(text).toString() &&
      gunzipSync(gz).equals(plain) &&
      plainSha256 === sha256(plain) &&
      gzSha256 === sha256(gz)
    );
  });
  await fc.assert(law, { numRuns: 200 });
  t.same(
    gunzipSync((await members.compress([])).gz).length,
    0,
    'an empty index is a gzip file too',
  );
});

t.test('the bytes follow from the text alone', async (t) => {
  const fresh = await new GzipMembers({ cacheBytes: CACHE }).compress(entries(0, 2000));
  const used = new GzipMembers({ cacheBytes: CACHE });
  await Promise.all([used.compress(entries(0, 1500)), used.compress(entries(500, 2000))]);
  const again = await used.compress(entries(0, 2000));
  t.equal(again.gzSha256, fresh.gzSha256, 'with remembered members as without');
  const forgetful = await new GzipMembers({ cacheBytes: 0 }).compress(entries(0, 2000));
  t.equal(forgetful.gzSha256, fresh.gzSha256);
});

t.test('one package more, less or other makes one group anew', async (t) => {
  const all = entries(0, 3000);
  const members = new GzipMembers({ cacheBytes: CACHE });
  const before = membersOf((await members.compress(all)).gz);
  t.ok(before.length > 20, `${before.length} members for 3000 packages`);
  const change = fc.tuple(
    fc.nat({ max: all.length - 1 }),
    fc.constantFrom('add', 'remove', 'replace'),
    fc.string(),
  );
  const law = fc.asyncProperty(change, async ([at, kind, word]) => {
    const put = kind === 'remove' ? [] : [entry(word)];
    const list = all.toSpliced(at, kind === 'add' ? 0 : 1, ...put);
    const { plain, gz } = await members.compress(list);
    const after = membersOf(gz);
    const known = new Set(before);
    // A package at whose hash a group ends joins or parts two groups, one of which may be cut for its length.
    const anew = after.filter((member) => !known.has(member));
    return gunzipSync(gz).equals(plain) && anew.length <= 3;
  });
  await fc.assert(law, { numRuns: 30 });
  const next = all.toSpliced(1500, 0, entry('new'));
  // As many as the law allows: 1500 may stand in a group that is cut for its length.
  const count = await compressions(() => members.compress(next));
  t.ok(count >= 1 && count <= 3, `${count} are made, the others are remembered`);
  t.equal(await compressions(() => members.compress(next)), 0);
});

t.test('a list without a natural end of a group is cut all the same', async (t) => {
  const list = Array.from({ length: 600 }, (_, i) => ({ key: 'ff', text: `${i}\n` }));
  const { gz, plain } = await new GzipMembers({ cacheBytes: CACHE }).compress(list);
  t.equal(membersOf(gz).length, 5);
  t.ok(isDeepStrictEqual(new Uint8Array(gunzipSync(gz)), new Uint8Array(plain)));
});
