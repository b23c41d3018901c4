import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { uploadToChacra } from '../../jenkins-shared-lib/catalogue/upload-to-chacra.ts';
import { KEY, startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { as, startTestShaman } from '../fixtures/shaman.ts';
import { runBody, SHELLS, SHELL_TOOLS } from '../fixtures/step-body.ts';
import type { BodyRun } from '../fixtures/step-body.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';
import { startTroubledProxy } from '../fixtures/troubled-proxy.ts';

const REF = 'wip/fix';
const REPO = { project: 'ceph', ref: REF, distro: 'debian', distroVersion: 'bookworm' };
const MANUAL = '  projects: { ceph: { automatic: false } }';
const LARGE = 2_000_000;
const AWKWARD = [
  ...["it's.txt", 'a"b.txt', '$(touch gone).txt', '`id`.txt', 'a b  c.txt', '-K', '-n.txt'],
  ...[
    'a[1].txt',
    '{x,y}.txt',
    'a%2Fb.txt',
    'a+b~1%.txt',
    'a&b=c#d?e.txt',
    'grüße-🦊.txt',
    '#.txt',
    '*.txt',
  ],
];

interface Listed {
  readonly sha256: string;
  readonly built_by: string;
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

async function listing(node: TestNode, sha1: string): Promise<Record<string, Listed>> {
  const path = `binaries/ceph/wip%2Ffix/${sha1}/debian/bookworm/x86_64/flavors/default/`;
  const answer = await node.fetch(path);
  // The node's own JSON, whose shape other tests hold it to.
  return answer.status === 404 ? {} : ((await answer.json()) as Record<string, Listed>);
}

for (const [name, shell] of Object.entries(SHELLS)) {
  t.test(`uploadToChacra in ${name}`, needs(...SHELL_TOOLS), async (t) => {
    const folder = testFolder(t);
    const node = await startNode(t, { folder: join(folder, 'node'), chacra: MANUAL });
    const files = join(folder, 'work space');
    mkdirSync(join(files, 'dist'), { recursive: true });
    const write = (path: string, bytes: Uint8Array | string) =>
      writeFileSync(join(files, path), bytes);
    const runs: BodyRun[] = [];
    const upload = async (
      sha1: string,
      args: Partial<Parameters<typeof runBody<typeof uploadToChacra>>[1]> = {},
      key = { user: 'builder', key: KEY },
    ) => {
      const place = { ...REPO, sha1, arch: 'x86_64', chacra: node.url };
      const run = await runBody(
        uploadToChacra,
        { ...place, ...args },
        { shell, folder: files, key, env: { GITBUILDER_LARGE_BYTES: String(LARGE) } },
      );
      runs.push(run);
      return run;
    };

    t.test('files, patterns and a list, under names of every kind', async (t) => {
      const debs = [someDeb('first'), someDeb('second', '1.0~rc1+git-1')];
      for (const { name, bytes } of debs) write(`dist/${name}`, bytes);
      for (const name of AWKWARD) write(name, name);
      write('list', `${AWKWARD.join('\n')}\n\ndist/${debs[0]?.name ?? ''}\n`);
      symlinkSync(join(files, '#.txt'), join(files, 'dist/link'));
      const run = await upload('names', { files: ['dist/*.deb', 'dist/link'], filesFrom: 'list' });
      t.match(run, { status: 0, output: /uploaded +18 files/ });
      const listed = await listing(node, 'names');
      const expected = [...debs.map(({ name }) => name), ...AWKWARD, 'link'].sort();
      t.strictSame(Object.keys(listed).sort(), expected);
      for (const name of AWKWARD) t.equal(listed[name]?.sha256, sha256(name), name);
      for (const { name, bytes } of debs) t.equal(listed[name]?.sha256, sha256(bytes), name);
      t.match(await upload('names', { files: 'dist/*' }), {
        status: 0,
        output: /already there +3 files/,
      });
    });

    t.test('what the node has is not sent again', async (t) => {
      const run = await upload('again', { filesFrom: 'list' });
      t.match(run, { status: 0, output: /attached +16 files[^]*sent 0 B/ });
      t.equal(Object.keys(await listing(node, 'again')).length, 16);
    });

    t.test('other bytes under a name', async (t) => {
      write('one.txt', 'one');
      write('two.txt', 'two');
      await upload('force', { files: 'one.txt' });
      write('one.txt', 'other');
      const refused = await upload('force', { files: ['one.txt', 'two.txt'] });
      t.match(refused, {
        status: 1,
        output: /one.txt: it exists with other bytes; say force: true/,
      });
      t.match(refused.output, /1 of 2 files are not there/);
      t.equal((await listing(node, 'force'))['one.txt']?.sha256, sha256('one'));
      t.ok((await listing(node, 'force'))['two.txt'], 'the others are there');
      const kept = await upload('force', { files: ['one.txt', 'two.txt'], keep: true });
      t.match(kept, { status: 0, output: /one.txt: it exists with other bytes, which stay/ });
      t.match(kept.output, /kept +1 files[^]*already there +1 files/);
      t.equal((await listing(node, 'force'))['one.txt']?.sha256, sha256('one'));
      const forced = await upload('force', { files: 'one.txt', force: true });
      t.match(forced, { status: 0, output: /uploaded +1 files/ });
      write('one.txt', 'one');
      const back = await upload('force', { files: 'one.txt', force: true });
      t.match(back, { status: 0, output: /attached +1 files/ });
      t.equal((await listing(node, 'force'))['one.txt']?.sha256, sha256('one'));
    });

    t.test('a large file, new, again, elsewhere, and with other bytes', async (t) => {
      const bytes = Buffer.alloc(LARGE + 10, 'large');
      write('large.iso', bytes);
      t.match(await upload('large', { files: 'large.iso' }), {
        status: 0,
        output: /uploaded +1 files +2.0 MB/,
      });
      t.equal((await listing(node, 'large'))['large.iso']?.sha256, sha256(bytes));
      t.match(await upload('large', { files: 'large.iso' }), {
        status: 0,
        output: /already there +1 files/,
      });
      // What is known is not sent to its end, unless that was nearer than its digest.
      const elsewhere = await upload('elsewhere', { files: ['large.iso', 'one.txt'] });
      t.match(elsewhere, { status: 0, output: /attached +[12] files[^]*failed +0 files/ });
      t.equal((await listing(node, 'elsewhere'))['large.iso']?.sha256, sha256(bytes));
      bytes[0] = 1;
      write('large.iso', bytes);
      t.match(await upload('large', { files: 'large.iso' }), { status: 1, output: /other bytes/ });
      t.match(await upload('large', { files: 'large.iso', force: true }), {
        status: 0,
        output: /uploaded +1/,
      });
      t.equal((await listing(node, 'large'))['large.iso']?.sha256, sha256(bytes));
    });

    t.test('lines that break, and a node that is busy', async (t) => {
      const names = ['b1', 'b2', 'b3', 'b4', 'b5'];
      for (const each of names) write(each, `${each} ${name}`);
      const proxy = await startTroubledProxy(t, node.url, ({ method }, nth) => {
        if (method === 'POST') return nth === 0 ? { kind: 'answer', status: 503 } : null;
        if (nth === 0) return { kind: 'cut', afterBytes: 1 };
        if (nth === 1) return { kind: 'lose-answer' };
        if (nth === 2) return { kind: 'answer', status: 429 };
        return null;
      });
      const run = await upload('broken', { files: names, chacra: proxy.url });
      t.match(run, { status: 0, output: /answered 503: again in 1 s[^]*files are missing, / });
      t.match(run.output, /failed +0 files/);
      t.strictSame(Object.keys(await listing(node, 'broken')).sort(), names);
      // What arrived without an answer is found by its digest.
      t.match(run.output, /attached +0 files/);
      t.match(run.output, /already there +1 files/);
    });

    t.test('a line that breaks for good', async (t) => {
      for (const each of ['b1', 'b2']) write(each, `for good ${each} ${name}`);
      const proxy = await startTroubledProxy(t, node.url, ({ method }) =>
        method === 'PUT' ? { kind: 'cut', afterBytes: 0 } : null,
      );
      const run = await upload('for-good', { files: ['b1', 'b2'], chacra: proxy.url, retries: 2 });
      t.match(run, { status: 1, output: /(b[12]: not sent, [^]*){2}2 of 2 files/ });
      t.strictSame(await listing(node, 'for-good'), {});
    });

    t.test(
      'pages in several lines, one of which looks like the status of another file',
      async (t) => {
        for (const each of ['b1', 'b2']) write(each, `page ${each} ${name}`);
        const proxy = await startTroubledProxy(t, node.url, ({ method, path }) => {
          if (method !== 'PUT') return null;
          const other = `${node.url}${path.slice(1).replace('/b2?', '/b1?')}`;
          const body = `<p>Not\r\n201 ${other}\n<b>here</b></p>`;
          return { kind: 'answer', status: 418, body: path.includes('/b2?') ? body : '' };
        });
        const run = await upload('pages', { files: ['b1', 'b2'], chacra: proxy.url });
        t.match(run, { status: 1, output: /b2: answered 418: +Not\s+201 http\S+\s+here/ });
        t.match(run.output, /b1: answered 418: [^]*2 of 2 files are not there/);
      },
    );

    t.test('bytes that change on the way', async (t) => {
      write('turned.txt', `turned ${name}`);
      write('turned.iso', Buffer.alloc(LARGE + 20, `turned ${name}`));
      const proxy = await startTroubledProxy(t, node.url, ({ method }) =>
        method === 'PUT' ? { kind: 'turn-byte' } : null,
      );
      const args = { files: ['turned.txt', 'turned.iso'], chacra: proxy.url };
      const run = await upload('turned', args);
      t.match(run, {
        status: 1,
        output:
          /turned.txt: answered 422: \?sha256= says [0-9a-f]{64} but the sha256 of the received/,
      });
      t.match(
        run.output,
        /turned.iso: it changed while it was sent; nothing was kept[^]*2 of 2 files/,
      );
      t.strictSame(await listing(node, 'turned'), {});
    });

    t.test('what cannot be uploaded', async (t) => {
      write('broken.deb', 'no deb');
      const malformed = await upload('refused', { files: ['broken.deb', 'one.txt'] });
      t.match(malformed, {
        status: 1,
        output: /broken.deb: answered 422: .*not a readable package/,
      });
      t.ok((await listing(node, 'refused'))['one.txt']);
      mkdirSync(join(files, 'other'));
      write('other/one.txt', 'not the same');
      write('other/two.txt', 'two');
      const twice = await upload('refused', { files: ['one.txt', 'other/one.txt'] });
      t.match(twice, { status: 1, output: /two files have one name and different bytes/ });
      t.match(await upload('refused', { files: ['two.txt', 'other/two.txt'] }), { status: 0 });
      const absent: readonly [Parameters<typeof upload>[1], RegExp][] = [
        [{ files: 'no*thing' }, /no such file: no\*thing/],
        [{ files: 'dist' }, /it is not a file: dist/],
        [{}, /no file is named/],
        [{ filesFrom: 'absent' }, /cannot read the list absent/],
        [{ files: 'one.txt', parallel: 0 }, /parallel is a number from 1 to 32/],
        [{ files: 'one.txt', chacra: 'ftp://x' }, /not an address: ftp:\/\/x/],
        [{ files: 'one.txt', chacra: '' }, /'chacra' or 'shaman'/],
        ...['"', '\\', '\n', ' '].map((bad): [Parameters<typeof upload>[1], RegExp] => {
          // Of a configuration of curl, each line is an option.
          const more = `${bad}\noutput = "${join(files, 'hit')}`;
          return [{ files: 'one.txt', chacra: `${node.url}${more}` }, /not an address: http/];
        }),
      ];
      for (const [args, said] of absent) {
        t.match(await upload('refused', args), { status: 1, output: said });
      }
      t.notOk(existsSync(join(files, 'hit')));
    });

    t.test('keys that are refused', async (t) => {
      const wrong = await upload('keys', { files: '*.txt' }, { user: 'builder', key: 'wr"o\\ng' });
      t.match(wrong, { status: 1, output: /the storage node answered 401: this request needs/ });
      const stranger = await upload('keys', { files: '*.txt' }, { user: 'stranger', key: KEY });
      t.match(stranger, {
        status: 1,
        output: /answered 403: user stranger lacks the scope upload/,
      });
      t.strictSame(await listing(node, 'keys'), {});
    });

    t.test('a storage node that shaman names', async (t) => {
      const shaman = await startTestShaman(t, { folder: join(folder, 'shaman') });
      const args = { files: 'one.txt', chacra: '', shaman: shaman.url.replace(/\/$/, '') };
      const key = { user: 'root', key: KEY };
      const none = await upload('named', args, key);
      t.match(none, {
        status: 1,
        output: /shaman answered 404: There are no healthy chacra nodes/,
      });
      t.notMatch(none.output, /</);
      const { host } = new URL(node.url);
      const health = { url: node.url, free_bytes: 1e12 };
      t.equal((await shaman.post(`/api/nodes/${host}/`, health, 'chacra')).status, 200);
      t.match(await upload('named', args, key), { status: 0 });
      t.ok((await listing(node, 'named'))['one.txt']);
      t.ok(as('root'));
    });

    t.test('no key in any argument or output; no option that curl 7.29 lacks', async (t) => {
      const curls = runs.flatMap((run) => run.curls);
      t.ok(curls.length > 50);
      t.strictSame([...new Set(curls.map(({ argv }) => argv))], ['-q\n-K\n-\n']);
      t.notOk(runs.some(({ output }) => output.includes(KEY)));
      const options = curls.flatMap(({ configuration }) =>
        configuration.split('\n').flatMap((line) => /^[a-z-]+/.exec(line)?.[0] ?? []),
      );
      t.strictSame(
        [...new Set(options)].filter((option) => !OLD_OPTIONS.has(option)),
        [],
      );
    });
  });
}

/** Of what curl 7.29 of CentOS 7 knows, the options that the bodies of steps may use. */
const OLD_OPTIONS: ReadonlySet<string> = new Set([
  ...['connect-timeout', 'data-binary', 'fail', 'globoff', 'head', 'header', 'location'],
  ...['max-time', 'output', 'request', 'show-error', 'silent', 'speed-limit', 'speed-time'],
  ...['upload-file', 'url', 'user', 'user-agent', 'write-out'],
]);
