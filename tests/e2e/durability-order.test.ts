import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { authorization, nodeConfiguration } from '../fixtures/chacra.ts';
import { PowerLoss, isAnswer, isRename, isSync, isWrite } from '../fixtures/power-loss.ts';
import { mayBeLost, namedIn, pathOf, readTrace } from '../fixtures/power-loss.ts';
import type { Call } from '../fixtures/power-loss.ts';
import { startProcess, writeConfiguration } from '../fixtures/service-process.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

const CALLS =
  'openat,write,writev,pwrite64,pwritev,ftruncate,fsync,fdatasync,/^(rename|unlink|mkdir)';
const STRACE = ['strace', '-f', '-D', '-y', '-s', '8000', '-e', `trace=${CALLS}`];
const REPO = `ceph/main/${'c'.repeat(40)}/debian/bookworm`;

interface Traced {
  readonly calls: readonly Call[];
  readonly data: string;
  /** Of the file that stays in memory until it is whole, and of the one that is too long for that. */
  readonly small: string;
  readonly large: string;
}

/** Lets a node do two uploads, one update and one publish; answers the system calls of its life. */
async function traceOneOfEach(t: Test): Promise<Traced> {
  const folder = testFolder(t);
  mkdirSync(folder, { recursive: true });
  const { armoredKey } = await makeSigningKey({ type: 'ed25519', name: 'Our builds' });
  writeFileSync(join(folder, 'signing.asc'), armoredKey);
  const chacra = '  signing: { keyFile: signing.asc }\n  projects: { ceph: { automatic: false } }';
  const config = writeConfiguration(folder, nodeConfiguration({ chacra }));
  const trace = join(folder, 'trace');
  const wrapper = [...STRACE, '-o', trace];
  const node = await startProcess(t, 'chacra', { config, wrapper });
  const headers = { authorization: authorization() };
  const ask = async (method: string, path: string, body?: Uint8Array): Promise<string> => {
    const answer = await fetch(node.url + path, { method, headers, body: body ?? null });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text}`);
    return text;
  };
  const deb = someDeb();
  const image = Buffer.alloc(3 << 20, 'a large file');
  for (const [name, bytes] of [[deb.name, deb.bytes] as const, ['large.iso', image] as const])
    await ask('PUT', `binaries/${REPO}/x86_64/flavors/default/${name}/`, bytes);
  await ask('POST', `repos/${REPO}/update`);
  for (let repo = ''; !repo.includes('"status":"ready"');) {
    repo = await ask('GET', `repos/${REPO}/`);
    if (repo.includes('"status":"failed"')) throw new Error(repo);
  }
  await node.end('SIGTERM');
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  return {
    calls: readTrace(readFileSync(trace, 'utf8')),
    data: join(folder, 'data'),
    small: sha256(deb.bytes),
    large: sha256(image),
  };
}

/** The first call from a line on that fits; it must be over before the next may begin. */
function next(calls: readonly Call[], from: number, what: string, fits: (call: Call) => boolean) {
  const found = calls.find((call) => call.begin >= from && fits(call));
  if (found === undefined) throw new Error(`no ${what} after line ${from}`);
  return found;
}

t.test(
  'what is answered, and what is switched to, survives a power loss at any moment',
  needs(['strace', 'strace']),
  async (t) => {
    const { calls, data, small, large } = await traceOneOfEach(t);
    const inRepos = (path: string) => path.startsWith(join(data, 'chacra', 'repos'));

    /** The answer to the upload of a file, after everything that has to be before it. */
    const answerTo = (sha256: string): Call => {
      const blob = join(data, 'chacra', 'blobs', sha256.slice(0, 2), sha256);
      const named = next(calls, 0, 'rename to the blob', (call) => {
        return isRename(call) && namedIn(call)[1] === blob;
      });
      const [incoming = ''] = namedIn(named);
      const writes = calls.filter((call) => isWrite(call) && pathOf(call) === incoming);
      const written = Math.max(...writes.map(({ end }) => end));
      const synced = next(calls, written, 'fsync', (call) => {
        return isSync(call) && pathOf(call) === incoming;
      });
      const folder = next(calls, named.end, 'fsync of the folder', (call) => {
        return isSync(call) && pathOf(call) === dirname(blob);
      });
      const recorded = next(calls, folder.end, 'record of the binary', (call) => {
        return isWrite(call) && inRepos(pathOf(call)) && call.args.includes(sha256);
      });
      const created = next(calls, recorded.end, 'answer', isAnswer);
      t.match(created.args, 'HTTP/1.1 201');
      t.ok(written < synced.begin && synced.end < named.begin, 'write, fsync, rename');
      return created;
    };
    const created = answerTo(small);
    const largeCreated = answerTo(large);

    const queued = next(calls, largeCreated.end, 'record of the update', (call) => {
      return isWrite(call) && inRepos(pathOf(call)) && call.args.includes('queued');
    });
    const accepted = next(calls, queued.end, 'answer', isAnswer);
    t.match(accepted.args, /HTTP\/1\.1 200[\s\S]*queued/);

    const manifest = next(calls, 0, 'rename of the manifest', (call) => {
      return isRename(call) && /\/published\/[0-9a-f]+\/1\.json$/.test(namedIn(call)[1] ?? '');
    });
    const switched = next(calls, 0, 'switch', (call) => {
      return isWrite(call) && inRepos(pathOf(call)) && /ready/.test(call.args);
    });
    t.ok(manifest.end < switched.begin, 'the manifest has its name before the switch');
    next(calls, switched.end, 'fsync of the switch', (call) => {
      return isSync(call) && pathOf(call) === pathOf(switched);
    });

    const power = new PowerLoss();
    const moments = new Map([
      [created, 'the upload is answered'],
      [largeCreated, 'the upload of a large file is answered'],
      [accepted, 'the update is answered'],
      [switched, 'the new generation is switched to'],
    ]);
    for (const call of [...calls].sort((a, b) => a.end - b.end)) {
      const moment = moments.get(call);
      if (moment !== undefined) {
        const lost = power.lost().filter((path) => path.startsWith(data) && !mayBeLost(path));
        t.same(lost, [], `a power loss takes nothing when ${moment}`);
      }
      power.see(call);
    }
    const early = power.tooEarly.filter((path) => path.startsWith(data) && !mayBeLost(path));
    t.same(early, [], 'no file takes its name before its bytes are safe');
  },
);
