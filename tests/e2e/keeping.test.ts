import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { runTool } from '../../services/cli/demo/run-tool.ts';
import { KEY, startNode } from '../fixtures/chacra.ts';
import { docBlocks } from '../fixtures/doc-blocks.ts';
import { GITBUILDER } from '../fixtures/gitbuilder.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';

const SHA1S = ['a', 'b', 'c'].map((letter) => letter.repeat(40));
const TOOLS = needs(['curl', 'curl'], ['zgrep', 'gzip']);

/** A node as docs/operations.md configures it, with three builds, and a shell in which its examples run. */
async function startAsTold(t: Test, configuration: string) {
  const folder = testFolder(t);
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const command = `#!/bin/sh\nexec ${[process.execPath, ...GITBUILDER].join(' ')} "$@"\n`;
  writeFileSync(join(bin, 'gitbuilder'), command, { mode: 0o755 });
  const key = join(folder, 'admin.key');
  writeFileSync(key, `root:${KEY}\n`, { mode: 0o600 });
  const node = await startNode(t, {
    folder,
    chacra: `${configuration.replace(/^chacra:\n/, '')}  retentionQuietMinutes: 0\n`,
  });
  for (const sha1 of SHA1S) {
    const deb = someDeb('hello', '1.0-1', 'amd64', sha1);
    const repo = `ceph/wip%2Ffix/${sha1}/debian/bookworm`;
    const path = `binaries/${repo}/x86_64/flavors/default/${deb.name}`;
    await node.fetch(path, { method: 'PUT', body: deb.bytes });
    await node.fetch(`repos/${repo}/update`, { method: 'POST' });
    await untilPublished(node, repo);
  }
  const sh = async (script: string): Promise<string> => {
    const told = script
      .replaceAll('https://1.chacra.example.org/', node.url)
      .replaceAll('/etc/gitbuilder/admin.key', key)
      .replaceAll('admin:KEY', `root:${KEY}`)
      .replaceAll('/var/lib/gitbuilder', join(folder, 'data'));
    const { status, output } = await runTool(['sh', '-euc', told], {
      env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, SHA1: SHA1S[0] ?? '' },
    });
    t.equal(status, 0, output);
    return output;
  };
  return { node, folder, key, sh };
}

t.test('retention as docs/operations.md tells it', TOOLS, async (t) => {
  const [configuration = ''] = docBlocks('operations.md', 'Retention', 'yaml');
  t.match(configuration, /days: 14/);
  const { node, sh } = await startAsTold(t, configuration.replace('days: 14', 'days: 0'));
  const [example = ''] = docBlocks('operations.md', 'Retention', 'sh');
  const output = await sh(example);
  t.match(output, /^delete ceph wip\/fix a{40} default/m);
  t.match(
    output,
    /rule 3: last published 0 days ago, and \d are newer; kept for 0 days or among the newest 1$/m,
  );
  t.match(output, /^2 of 3 builds would go and free 1\.4 kB; 0 spared$/m);
  t.match(output, /^done: 2 of 2 builds deleted, 1\.4 kB freed$/m);
  t.match(output, /"delete":\[\]/);
  t.match(await (await node.fetch('binaries/ceph/')).json(), { 'wip/fix': [SHA1S[2]] });
});

t.test('pins as docs/operations.md tells them', TOOLS, async (t) => {
  const { sh } = await startAsTold(t, '');
  const [example = ''] = docBlocks('operations.md', 'Pins', 'sh');
  const output = await sh(example);
  const line = `ceph wip/fix ${SHA1S[0]}  until 2099-01-31T00:00:00.000Z, by root: customer case 4711\n`;
  t.equal(output.split(line).length, 3, 'added and listed');
  t.match(output, /is no longer pinned/);
  t.match(output, /\[\{"project":"ceph","ref":"wip\/fix",.*"reason":"v19.2.1","until":null/);
  t.match(
    await sh(
      `${example.split('\n').slice(0, 1).join('')}; gitbuilder pin list --chacra https://1.chacra.example.org/`,
    ),
    'nothing is pinned',
  );
});

t.test('disk and audit as docs/operations.md tells them', TOOLS, async (t) => {
  const [configuration = ''] = docBlocks('operations.md', 'When the disk fills', 'yaml');
  const { sh, folder } = await startAsTold(t, configuration);
  const [use = ''] = docBlocks('operations.md', 'When the disk fills', 'sh');
  const output = await sh(use);
  t.match(output, /^ +3 +3 +\d.* ceph$/m);
  t.match(output, /^ +3 +3 +\d.* {4}wip\/fix$/m);
  t.match(output, /"projects":\[\{"project":"ceph"/);
  const [audit = ''] = docBlocks('operations.md', 'Audit log', 'sh');
  const path = join(folder, 'data', 'audit', 'chacra.log');
  while (!readFileSync(path, 'utf8').includes(`${SHA1S[2]}/debian/bookworm/update`))
    await new Promise(setImmediate);
  const lines = (await sh(audit.replace('"user":"ci"', '"user":"root"'))).trim().split('\n');
  t.equal(lines.length, 6);
  const [shown = ''] = docBlocks('operations.md', 'Audit log', 'json');
  // Both are objects of ours.
  const [told, is] = [shown, lines[0] ?? ''].map((text) => JSON.parse(text) as object);
  t.same(Object.keys(told ?? {}), Object.keys(is ?? {}), 'the fields that the page shows');
});

t.test('what goes wrong is said, and what to do', TOOLS, async (t) => {
  const { node, key, folder } = await startAsTold(t, '');
  const run = (...args: string[]) => runTool([join(folder, 'bin', 'gitbuilder'), ...args]);
  const at = ['--chacra', node.url, '--key-file', key];
  const pin = ['pin', 'add', 'ceph', 'main', 'abc', '--reason', 'x'];
  t.match(await run(...pin, ...at), {
    status: 1,
    output: /answered 404: sha1 abc of ceph main does not exist\n.*list the level above/,
  });
  for (const until of ['tomorrow', '2027-02-31', '2027-02-31T00:00:00Z', '2027-01-31T00:00:00']) {
    t.match(
      await run(...pin, ...at, '--until', until),
      { status: 1, output: /Write a day/ },
      until,
    );
  }
  t.match(await run(...pin, ...at, '--until', '2099-01-31'), { output: /answered 404: sha1 abc/ });
  t.match(await run('pin', 'list', '--chacra', '127.0.0.1:1', '--key-file', key), {
    status: 1,
    output: /--chacra: it is no http or https URL\nWrite it whole, such as https:/,
  });
  t.match(await run('pin', 'list', '--chacra', node.url), { status: 1, output: /--key-file FILE/ });
  const nobody = await run('disk-use', '--chacra', 'http://127.0.0.1:1/', '--key-file', key);
  t.match(nobody, { status: 1, output: /cannot reach http:\/\/127.0.0.1:1\/: .*\nIs the address/ });
  t.match(JSON.parse((await run('retention', 'plan', '--json', ...at)).output), { delete: [] });
  t.match(await run('retention', 'plan', ...at), { output: /there are no rules/ });
});
