import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { mustRun } from '../../services/cli/demo/run-tool.ts';
import { startNode } from '../fixtures/chacra.ts';
import type { TestNode } from '../fixtures/chacra.ts';
import { runCommand, startCommand } from '../fixtures/command.ts';
import { docBlocks } from '../fixtures/doc-blocks.ts';
import { until } from '../fixtures/exported.ts';
import { GITBUILDER } from '../fixtures/gitbuilder.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { needs } from '../fixtures/tool.ts';

const SHA1 = '0123456789012345678901234567890123456789';
const APT = `ceph/wip%2Ffix/${SHA1}/debian/bookworm`;
const YUM = `ceph/main/${SHA1}/centos/9`;
const CHACRA = '  projects: { ceph: { automatic: false } }';
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

interface Report {
  readonly ok: boolean;
  readonly ended: string | null;
  readonly blobs: number;
  readonly rebuilt: {
    readonly headers: number;
    readonly sha512: number;
    readonly index_files: number;
  };
  readonly lost: readonly {
    readonly sha256: string;
    readonly reason: string;
    readonly kept_at: string | null;
  }[];
}

const dataOf = (node: TestNode) => join(node.folder, 'data/chacra');
const blobAt = (node: TestNode, digest: string) =>
  join(dataOf(node), 'blobs', digest.slice(0, 2), digest);

function flip(path: string): void {
  const bytes = readFileSync(path);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

async function upload(node: TestNode, repo: string, name: string, body: Uint8Array) {
  const path = `binaries/${repo}/x86_64/flavors/default/${encodeURIComponent(name)}/?force=1`;
  const { status } = await node.fetch(path, { method: 'PUT', body });
  return status;
}

/** A node with an apt repo of two debs (one forced since the publish before) and a yum repo of two rpms. */
async function filledNode(t: Test) {
  const node = await startNode(t, { chacra: CHACRA });
  const debs = [someDeb(), someDeb('docs', '1', 'all')];
  const rpms = [someBuiltRpm(), someBuiltRpm('tool', '2')];
  const before = someDeb('hello', '1.0-1', 'amd64', 'before').bytes;
  const publish = async (repo: string) => {
    await node.fetch(`repos/${repo}/update`, { method: 'POST' });
    await untilPublished(node, repo);
  };
  await upload(node, APT, debs[0]?.name ?? '', before);
  await publish(APT);
  for (const { name, bytes } of debs) await upload(node, APT, name, bytes);
  for (const { name, bytes } of rpms) await upload(node, YUM, name, bytes);
  for (const repo of [APT, YUM]) await publish(repo);
  await node.fetch(`binaries/${APT}/x86_64/flavors/default/`);
  await node.stop();
  const digests = [...debs, ...rpms].map(({ bytes }) => sha256(bytes));
  const verify = async (...args: string[]) => {
    const run = await runCommand(
      t,
      'verify',
      '--json',
      '--data',
      join(node.folder, 'data'),
      ...args,
    );
    return { ...run, report: JSON.parse(run.output === '' ? 'null' : run.output) as Report };
  };
  return { node, debs, rpms, before: sha256(before), digests, verify };
}

t.test('what follows from other things is made again, and nothing is lost', async (t) => {
  const { node, verify } = await filledNode(t);
  await verify();
  const whole = await verify();
  t.match(whole, { status: 0, errors: '' });
  t.match(whole.report, {
    ok: true,
    blobs: 5,
    rebuilt: { headers: 0, sha512: 0, index_files: 0 },
    lost: [],
  });

  const beside = readdirSync(join(dataOf(node), 'blobs'), { recursive: true, encoding: 'utf8' });
  const headers = beside.filter((name) => /\.(deb|rpm)\.json$/.test(name));
  const digests = beside.filter((name) => name.endsWith('.sha512'));
  t.equal(headers.length, 5);
  t.equal(digests.length, 5);
  const at = (name = '') => join(dataOf(node), 'blobs', name);
  // A header that is lost, one that is torn, and one that is well-formed and wrong.
  rmSync(at(headers[0]));
  truncateSync(at(headers[1]), 20);
  const wrong = readFileSync(at(headers[2]), 'utf8');
  writeFileSync(at(headers[2]), wrong.replace(/hello|docs|tool/g, 'other'));
  rmSync(at(digests[0]));
  writeFileSync(at(digests[1]), `${'0'.repeat(128)}\n`);
  const index = readdirSync(join(dataOf(node), 'published'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /files\/[0-9a-f]{64}$/.test(name))
    .map((name) => join(dataOf(node), 'published', name));
  const kept = index.map((path) => readFileSync(path));
  rmSync(index[0] ?? '');
  truncateSync(index[1] ?? '', 0);
  const mended = await verify();
  t.equal(mended.status, 0);
  t.match(mended.report, { ok: true, rebuilt: { headers: 3, sha512: 2 }, lost: [] });
  t.ok(mended.report.rebuilt.index_files >= 2);
  t.equal(readFileSync(at(headers[2]), 'utf8'), wrong);
  t.same(
    index.map((path) => readFileSync(path)),
    kept,
    'to the byte',
  );
  t.match((await verify()).report, { rebuilt: { headers: 0, sha512: 0, index_files: 0 } });
});

t.test('what is lost is named, with all that it hits, and heals by an upload', async (t) => {
  const { node, verify, debs, rpms, before, digests } = await filledNode(t);
  const [hello = '', docs = '', rpm = ''] = digests;
  flip(blobAt(node, hello));
  truncateSync(blobAt(node, docs), 100);
  rmSync(blobAt(node, rpm));
  flip(blobAt(node, before));
  const found = await verify();
  t.equal(found.status, 1);
  const lost = new Map(found.report.lost.map((one) => [one.sha256, one]));
  t.same([...lost.keys()].sort(), [hello, docs, rpm, before].sort());
  const apt = {
    project: 'ceph',
    ref: 'wip/fix',
    sha1: SHA1,
    distro: 'debian',
    distro_version: 'bookworm',
  };
  t.match(lost.get(hello), {
    reason: /its bytes have the sha256 [0-9a-f]{64}$/,
    kept_at: join(dataOf(node), 'damaged', hello),
    size: debs[0]?.bytes.length,
    binaries: [{ ...apt, flavor: 'default', arch: 'x86_64', name: debs[0]?.name }],
    published: [{ ...apt, generation: 2, live: true, path: /^pool\/main\/h\/hello\// }],
  });
  t.match(lost.get(rpm), {
    reason: 'it is not there',
    kept_at: null,
    binaries: [{ name: rpms[0]?.name }],
  });
  t.match(lost.get(before), { binaries: [], published: [{ generation: 1, live: false }] });
  t.ok(existsSync(join(dataOf(node), 'damaged', docs)));
  t.notOk(existsSync(blobAt(node, docs)), 'wrong bytes are served to nobody any more');

  const { output, status } = await runCommand(t, 'verify', '--data', join(node.folder, 'data'));
  t.equal(status, 1, 'it is still lost the next time');
  t.match(output, new RegExp(`^${hello}: its bytes have`, 'm'));
  t.match(
    output,
    `  binary x86_64/${debs[0]?.name} of ceph/wip%2Ffix/${SHA1}/debian/bookworm/flavors/default`,
  );
  t.match(output, /^lost {8}4 blobs, 0 generations, 0 documents$/m);

  const again = await startNode(t, { chacra: CHACRA, folder: node.folder });
  const health = async () =>
    (await again.fetch('health/', { headers: { accept: 'application/json' } })).json() as Promise<{
      healthy: boolean;
      warnings: string[];
    }>;
  await until(async () => (await health()).warnings.length === 4);
  t.equal((await again.fetch('health/')).status, 204, 'it is fit to take uploads');
  t.match(await (await again.fetch('metrics')).text(), /^gitbuilder_chacra_lost_blobs 4$/m);
  const known = await again.fetch('api/v1/blobs/known', { method: 'POST', body: `${hello}\n` });
  t.equal(await known.text(), '', 'who asks whether to send it is told to');
  for (const { name, bytes } of debs) t.equal(await upload(again, APT, name, bytes), 200);
  for (const { name, bytes } of rpms) t.equal(await upload(again, YUM, name, bytes), 200);
  const url = `binaries/${APT}/x86_64/flavors/default/${debs[0]?.name}/`;
  t.equal(sha256(new Uint8Array(await (await again.fetch(url)).arrayBuffer())), hello);
  t.match((await health()).warnings, [
    new RegExp(`^the bytes ${before} are lost .* /api/v1/blobs/${before} `),
  ]);
  await again.stop();
  t.same(
    (await verify()).report.lost.map((one) => one.sha256),
    [before],
  );
});

t.test(
  'documents and generations that cannot be read are named, and the rest is looked at',
  async (t) => {
    const { node, verify } = await filledNode(t);
    const documents = readdirSync(join(dataOf(node), 'repos'), {
      recursive: true,
      encoding: 'utf8',
    })
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(dataOf(node), 'repos', name));
    const yum = documents.find((path) => readFileSync(path, 'utf8').includes('centos')) ?? '';
    writeFileSync(yum, '{');
    const published = join(dataOf(node), 'published');
    const manifests = readdirSync(published, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('2.json'))
      .map((name) => join(published, name));
    for (const path of manifests) writeFileSync(path, 'torn');
    const { status, report } = await verify();
    t.equal(status, 1);
    t.match(report, {
      ok: false,
      blobs: 5,
      lost: [],
      generations: [{ ref: 'wip/fix', generation: 2, reason: /cannot read/ }],
      documents: [new RegExp(`cannot read ${yum.replaceAll('.', '\\.')}`)],
    });
  },
);

t.test('one that is broken off goes on where it was', async (t) => {
  const { node, digests, verify } = await filledNode(t);
  const all = [...digests].sort();
  const [first = '', second = '', ...rest] = all;
  flip(blobAt(node, first));
  const big = Buffer.alloc(2_000_000, 'big');
  const filled = await startNode(t, { chacra: CHACRA, folder: node.folder });
  await upload(filled, YUM, 'big.txt', big);
  await filled.stop();
  const data = ['--data', join(node.folder, 'data')];
  const state = join(dataOf(node), 'verification.json');
  const cursor = () => {
    const text = existsSync(state) ? readFileSync(state, 'utf8') : '{}';
    return (JSON.parse(text) as { cursor?: string }).cursor ?? '';
  };
  const killed = startCommand(t, 'verify', '--rate', '20000', ...data);
  // From where the damaged one was noted on, it reads at a pace at which it never comes to its end.
  await until(() => cursor() >= first);
  killed.child.kill('SIGKILL');
  await killed.ended;
  const { mtimeMs } = statSync(state);
  const stopped = startCommand(t, 'verify', '--rate', '20000', ...data);
  await until(() => statSync(state).mtimeMs !== mtimeMs);
  stopped.child.kill('SIGINT');
  t.match(await stopped.ended, { status: 2, errors: /run it again to go on/ });
  t.ok(cursor() >= first);
  const { status, report } = await verify();
  t.equal(status, 1);
  t.ok(report.ended);
  t.equal(report.blobs, rest.length + 4, `each once: ${second} too`);
  t.match(report.lost, [{ sha256: first }]);
  const anew = await verify('--restart');
  t.equal(anew.report.blobs, rest.length + 3, 'the damaged one is not there any more');
});

t.test(
  'a folder in use, none at all and what cannot be asked: told, with what to do',
  async (t) => {
    const node = await startNode(t);
    const { status, errors } = await runCommand(t, 'verify', '--data', join(node.folder, 'data'));
    t.equal(status, 2);
    t.match(errors, /is in use: its service is running\n.*chacra\.scrubTimes.*stop it/);
    const none = await runCommand(t, 'verify', '--data', join(node.folder, 'nothing'));
    t.match(none, { status: 2, errors: /nothing\/chacra does not exist/ });
    t.match(await runCommand(t, 'verify', '--rate', 'quick'), { status: 2, errors: /50 MiB/ });
    t.match(await runCommand(t, 'verify', '--help'), {
      status: 0,
      output: /Exit status: 0 all is/,
    });
  },
);

t.test('a running service looks by itself, and says what it found', async (t) => {
  const node = await startNode(t, { chacra: `${CHACRA}\n  scrubTimes: "* * * * * *"` });
  const deb = someDeb();
  await upload(node, APT, deb.name, deb.bytes);
  const digest = sha256(deb.bytes);
  flip(blobAt(node, digest));
  const warnings = async () => {
    const answer = await node.fetch('health/', { headers: { accept: 'application/json' } });
    return ((await answer.json()) as { warnings: string[] }).warnings;
  };
  await until(async () => (await warnings()).length > 0);
  t.match(await warnings(), [`the bytes ${digest} are lost`]);
  t.match(await (await node.fetch('metrics')).text(), /^gitbuilder_chacra_lost_blobs 1$/m);
  t.equal(await upload(node, APT, deb.name, deb.bytes), 200);
  t.same(await warnings(), []);
  await until(async () =>
    /^gitbuilder_chacra_scrub_ended_seconds [1-9]/m.test(
      await (await node.fetch('metrics')).text(),
    ),
  );
});

t.test('as docs/operations.md tells it', needs(['curl', 'curl']), async (t) => {
  const { node, digests } = await filledNode(t);
  const [asking = '', verifying = ''] = docBlocks(
    'operations.md',
    'Looking at what is stored',
    'sh',
  );
  const bin = join(node.folder, 'bin');
  mkdirSync(bin);
  const command = (name: string, line: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  command('gitbuilder', `exec ${[process.execPath, ...GITBUILDER].join(' ')} "$@"`);
  command('systemctl', 'echo "$@"');
  const [digest = ''] = digests;
  flip(blobAt(node, digest));
  const sh = (script: string) =>
    mustRun(['sh', '-euc', script], {
      env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, SHA256: digest },
    });
  const config = join(node.folder, 'gitbuilder.yaml');
  const verified = await sh(verifying.replace('/etc/gitbuilder/gitbuilder.yaml', config));
  t.match(verified, /^stop gitbuilder\nread {8}5 blobs/);
  t.match(verified, new RegExp(`^${digest}: its bytes`, 'm'));
  t.match(verified, /\nstart gitbuilder\n$/);
  const again = await startNode(t, { chacra: CHACRA, folder: node.folder });
  const asked = await sh(asking.replaceAll('https://1.chacra.example.org/', again.url));
  t.match(asked, `the bytes ${digest} are lost`);
  t.match(asked, /"stored":false,.*"generation":2,"live":true/);
  t.match(asked, /^stored no\nbinary http.*\nlive 2 http/m);
});
