import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Test } from 'tap';
import { makeSigningKey } from '../../services/adapters/make-signing-key.ts';
import { aptRoot } from '../../services/cli/demo/apt-root.ts';
import { dnfRoot } from '../../services/cli/demo/rpm-root.ts';
import { mustRun } from '../../services/cli/demo/run-tool.ts';
import { authorization, nodeConfiguration, startNode } from '../fixtures/chacra.ts';
import { docBlocks } from '../fixtures/doc-blocks.ts';
import { exportedFiles, isServed, until } from '../fixtures/exported.ts';
import { fetchNamed, fetched, followApt, followYum } from '../fixtures/follow-repo.ts';
import { killAtChangeIn } from '../fixtures/kill-at-change.ts';
import { startNginx } from '../fixtures/nginx.ts';
import { startProcess, writeConfiguration } from '../fixtures/service-process.ts';
import { untilPublished } from '../fixtures/signed-node.ts';
import type { UploadedFile } from '../fixtures/signed-node.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { needs } from '../fixtures/tool.ts';
import { seeded } from '../soak/soak.ts';

const PAGE = ['operations.md', 'Repositories as plain files'] as const;
const NGINX = ['nginx', 'nginx-light'] as const;
const SHA1 = '0123456789012345678901234567890123456789';
const DEB = `ceph/main/${SHA1}/debian/bookworm`;
const RPM = `ceph/main/${SHA1}/centos/9`;
const ENTRY: Readonly<Record<string, string>> = {
  debian: 'dists/bookworm/InRelease',
  centos: 'x86_64/repodata/repomd.xml',
};

/** A signing node that exports, and an nginx that serves its folders as the page says, without it. */
async function startExporting(t: Test) {
  const folder = testFolder(t);
  mkdirSync(folder, { recursive: true });
  const { armoredKey } = await makeSigningKey({ type: 'rsa3072', name: 'Our builds' });
  writeFileSync(join(folder, 'signing.asc'), armoredKey);
  const root = join(folder, 'export');
  const [server = ''] = docBlocks(...PAGE, 'nginx');
  const locations = server.replaceAll('/var/lib/gitbuilder/export', root);
  const key = join(folder, 'key.asc');
  const url = await startNginx(
    t,
    folder,
    `${locations} location /api/v1/key.asc { alias ${key}; }`,
  );
  const node = await startNode(t, {
    folder,
    chacra: [
      `  publicUrl: ${url}`,
      '  signing: { keyFile: signing.asc }',
      '  exportRoot: export',
      '  projects: { ceph: { automatic: false } }',
    ].join('\n'),
  });
  writeFileSync(key, await (await node.fetch('api/v1/key.asc')).text());
  const exportedAt = (repo: string) => join(root, decodeURIComponent(repo), 'flavors/default');
  return {
    node,
    url,
    root,
    exportedAt,
    sourceList: async (repo: string, query: string) =>
      (await node.fetch(`repos/${repo}/flavors/default/repo?${query}`)).text(),
    publish: async (repo: string, files: readonly UploadedFile[]) => {
      for (const { name, bytes } of files) {
        const path = `binaries/${repo}/x86_64/flavors/default/${encodeURIComponent(name)}/?force=1`;
        await node.fetch(path, { method: 'PUT', body: bytes });
      }
      await node.fetch(`repos/${repo}/update`, { method: 'POST' });
      await untilPublished(node, repo);
      const entry = ENTRY[repo.split('/')[3] ?? ''] ?? '';
      await until(() =>
        isServed(node, join(exportedAt(repo), entry), `r/${repo}/flavors/default/${entry}`),
      );
    },
  };
}

const INSTALLERS = needs([...NGINX], ['apt-get', 'apt'], ['gpgv', 'gpgv'], ['dnf', 'dnf']);

t.test('apt-get and dnf install from exported folders through nginx', INSTALLERS, async (t) => {
  const { node, publish, sourceList } = await startExporting(t);
  const wip = DEB.replace('main', 'wip%2Fsome%2Fbranch');
  const yumWip = RPM.replace('main', 'wip%2Fsome%2Fbranch');
  for (const repo of [DEB, wip]) await publish(repo, [someDeb(), someDeb('docs', '2:1', 'all')]);
  for (const repo of [RPM, yumWip]) await publish(repo, [someBuiltRpm('hello', '1.0', 'x86_64')]);
  const lists = new Map<string, string>();
  for (const repo of [DEB, wip]) {
    for (const form of ['list', 'sources&signed=1'])
      lists.set(`${repo} ${form}`, await sourceList(repo, `format=${form}`));
  }
  const yumLists = [await sourceList(RPM, 'signed=1'), await sourceList(yumWip, '')];
  await node.stop();

  const folder = join(node.folder, 'roots');
  for (const [name, text] of lists) {
    const root = aptRoot(join(folder, name.replace(/\W/g, '-')));
    root.addSource(name.endsWith('list') ? 'x.list' : 'x.sources', text);
    t.notMatch(await root.aptGet('update'), /^(E|Err):/m, name);
    await root.aptGet('install', 'hello', 'docs');
    t.equal(await root.command('hello'), 'hello 1.0-1\n', name);
  }
  for (const [at, text] of yumLists.entries()) {
    const root = dnfRoot(join(folder, `yum-${at}`));
    root.addRepo('x.repo', text);
    await root.run('install', 'hello');
    t.equal(await root.command('hello'), 'hello 1.0\n');
  }
});

t.test('the copy that ceph-build makes is the repository', needs(['rsync', 'rsync']), async (t) => {
  const { exportedAt, root, publish, node } = await startExporting(t);
  await publish(DEB, [someDeb(), someDeb('docs', '1', 'all')]);
  await publish(DEB, [someDeb('hello', '1.0-1', 'amd64', 'forced')]);
  const [command = ''] = docBlocks(...PAGE, 'sh');
  const destination = join(node.folder, 'copied');
  mkdirSync(destination);
  const here = command.replaceAll('/var/lib/gitbuilder/export', root);
  await mustRun(['sh', '-ec', here], { env: { SHA1, DESTINATION: destination } });
  t.same(exportedFiles(destination), exportedFiles(exportedAt(DEB)));
  const debs = exportedFiles(destination).filter((path) => path.endsWith('.deb'));
  t.equal(debs.length, 2, 'nothing that was replaced comes along');
});

t.test(
  'readers through nginx see no error while repositories switch',
  needs([...NGINX]),
  async (t) => {
    const { publish, url, root } = await startExporting(t);
    let isOver = false;
    const read = async (repo: string, follow: typeof followYum, below: string): Promise<number> => {
      const at = `${url}r/${repo}/flavors/default/`;
      let rounds = 0;
      for (; !isOver; rounds += 1) {
        const text = (await fetched(at + (ENTRY[repo.split('/')[3] ?? ''] ?? ''))).toString();
        // Time for a switch in between.
        await new Promise(setImmediate);
        for (const named of await follow(at + below, text)) await fetchNamed(at + below, named);
      }
      return rounds;
    };
    const yum = (word: string) => [
      someBuiltRpm('hello', '1.0', 'x86_64', word),
      someBuiltRpm(`only-${word}`, '1.0', 'x86_64'),
    ];
    const apt = (word: string) => [
      someDeb('hello', '1.0-1', 'amd64', word),
      someDeb(`only-${word}`, '1.0-1', 'all'),
    ];
    await publish(DEB, apt('first'));
    await publish(RPM, yum('first'));
    const write = async () => {
      for (let round = 0; round < 6; round += 1) {
        await publish(DEB, apt(`${round}`));
        await publish(RPM, yum(`${round}`));
      }
    };
    const over = () => (isOver = true);
    const [aptRounds, yumRounds] = await Promise.all(
      [
        read(DEB, (at, text) => followApt(at, 'bookworm', text), ''),
        read(RPM, followYum, 'x86_64/'),
        write().then(() => 0),
      ].map((work) => work.finally(over)),
    );
    t.ok(Number(aptRounds) > 3 && Number(yumRounds) > 3, `${aptRounds} and ${yumRounds} rounds`);
    t.same(readdirSync(root).sort(), ['.gitbuilder', 'ceph']);
  },
);

const ROUNDS = 8;

function isSameText(path: string, text: string): boolean {
  return existsSync(path) && readFileSync(path, 'utf8') === text;
}

/** Throws unless an exported apt repo is whole: its index names what is there, to the byte. */
function checkTree(folder: string): void {
  const packages = readFileSync(join(folder, 'dists/bookworm/main/binary-amd64/Packages'), 'utf8');
  const stanzas = packages.split('\n\n').filter((text) => text.trim() !== '');
  if (stanzas.length === 0) throw new Error(`${folder} has no packages`);
  for (const stanza of stanzas) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? '';
    const bytes = readFileSync(join(folder, field('Filename')));
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (digest !== field('SHA256')) throw new Error(`${field('Filename')} has other bytes`);
  }
  const release = readFileSync(join(folder, 'dists/bookworm/Release'), 'utf8');
  const digest = createHash('sha256').update(packages).digest('hex');
  if (!release.includes(digest)) throw new Error(`Release and Packages of ${folder} differ`);
}

t.test(
  'kill -9 in the middle of an export leaves whole folders, and the start catches up',
  async (t) => {
    const folder = testFolder(t);
    const chacra = '  exportRoot: export\n  projects: { ceph: { automatic: false } }';
    const config = writeConfiguration(folder, nodeConfiguration({ chacra }));
    const shown = join(folder, 'export', decodeURIComponent(DEB), 'flavors/default');
    const trees = join(folder, 'export/.gitbuilder/trees');
    const random = seeded(7);
    const headers = { authorization: authorization() };
    const ask = async (node: { url: string }, path: string, init: RequestInit = {}) =>
      fetch(node.url + path, { ...init, headers });
    let word = 0;
    const republish = async (node: { url: string }) => {
      word += 1;
      const { name, bytes } = someDeb('hello', '1.0-1', 'amd64', `${word}`);
      const path = `binaries/${DEB}/x86_64/flavors/default/${name}/?force=1`;
      await ask(node, path, { method: 'PUT', body: bytes });
      await ask(node, `repos/${DEB}/update`, { method: 'POST' });
    };
    const settled = async (node: { url: string }) => {
      await until(async () => {
        const repo = (await (await ask(node, `repos/${DEB}/`)).json()) as Record<string, unknown>;
        return repo['status'] === 'ready' && repo['unpublished'] === 0;
      });
      const release = 'dists/bookworm/Release';
      await until(async () => {
        const answer = await ask(node, `r/${DEB}/flavors/default/${release}`);
        return isSameText(join(shown, release), await answer.text());
      });
      await until(async () =>
        /exports\{state="waiting"\} 0$/m.test(await (await ask(node, 'metrics')).text()),
      );
    };
    for (let round = 0; ; round += 1) {
      const node = await startProcess(t, 'chacra', { config });
      if (round === 0) await republish(node);
      // The kill may have come between an upload and its update.
      else await ask(node, `repos/${DEB}/update`, { method: 'POST' });
      await settled(node);
      checkTree(shown);
      const left = readdirSync(trees, { recursive: true, encoding: 'utf8' });
      t.same(
        left.filter((name) => name.includes('.tmp-')),
        [],
        'nothing half done is left',
      );
      if (round === ROUNDS) break;
      const folders = [trees, join(trees, readdirSync(trees)[0] ?? ''), join(shown, '..')];
      const killed = killAtChangeIn(node.pid, folders, 1 + Math.floor(random() * 12));
      let isGone = false;
      const working = (async () => {
        while (!isGone) await republish(node).catch(() => undefined);
      })();
      await killed;
      await node.end();
      isGone = true;
      await working;
      checkTree(shown);
    }
  },
);
