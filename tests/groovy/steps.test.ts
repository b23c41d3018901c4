import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { Step } from '../../jenkins-shared-lib/catalogue/step.ts';
import { groovyStep } from '../../jenkins-shared-lib/generate/groovy-step.ts';
import { groovyString } from '../../jenkins-shared-lib/generate/groovy-text.ts';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { GroovyEngine } from '../../services/cli/pipeline/groovy-engine.ts';
import type { BuildOrder } from '../../services/cli/pipeline/engine-build.ts';
import { KEY, startNode } from '../fixtures/chacra.ts';
import { LIBRARY } from '../fixtures/groovy.ts';
import { JAVA } from '../fixtures/java.ts';
import { startTestShaman } from '../fixtures/shaman.ts';
import { someDeb } from '../fixtures/some-packages.ts';
import { testFolder } from '../fixtures/test-folder.ts';

/** As the engine says it. */
const BUILD_URL = /^https:\/\/jenkins.example.org\/job\/ceph\/\d+\/$/;
const CELL =
  "project: 'ceph', ref: 'wip/a', sha1: 'abc', distro: 'debian', distroVersion: 'bookworm'";

t.setTimeout(120_000);

t.test('the steps, as pipelines call them', JAVA, async (t) => {
  const folder = testFolder(t);
  const shaman = await startTestShaman(t, { folder: join(folder, 'shaman'), clock: systemClock });
  writeFileSync(join(folder, 'node.key'), `${KEY}\n`);
  const node = await startNode(t, {
    folder: join(folder, 'chacra'),
    chacra: [
      `  shaman: { url: "${shaman.url}", user: chacra, keyFile: "${join(folder, 'node.key')}" }`,
      '  projects: { ceph: { automatic: false } }',
    ].join('\n'),
  });
  const engine = await GroovyEngine.start();
  t.teardown(() => engine.stop());
  const agents = await startDemandServer();
  t.teardown(() => agents.close());
  let count = 0;
  const order = (script: string, more: Partial<BuildOrder> = {}): BuildOrder => {
    count += 1;
    const work = join(folder, `build-${count}`);
    mkdirSync(work);
    return {
      script,
      folder: work,
      sandbox: 'all',
      strict: true,
      speed: 100,
      env: {
        JOB_NAME: 'ceph',
        GITBUILDER_SHAMAN: shaman.url,
        GITBUILDER_AGENTS: agents.url,
      },
      credentials: {
        gitbuilder: { username: 'root', password: KEY },
        wrong: { username: 'root', password: 'not the key' },
      },
      ...more,
    };
  };
  const run = async (script: string, more: Partial<BuildOrder> = {}) => {
    const build = engine.run(order(script, more));
    const end = await build.ended;
    const log = build.log.join('\n');
    if (end.mismatches.length > 0 || end.leaks.length > 0) {
      throw new Error([...end.mismatches, ...end.leaks, log].join('\n'));
    }
    return { ...end, log };
  };
  const builds = async () =>
    // Shaman's own JSON, whose shape other tests hold it to.
    (await shaman.json('/api/builds/ceph/wip%2Fa/abc/')) as {
      status: string;
      distro_arch: string;
      log_url: string;
      extra: Record<string, string>;
    }[];
  const deb = someDeb();
  const write = `sh 'mkdir -p dist'; writeFile file: 'dist/${deb.name}', encoding: 'Base64', text: '${Buffer.from(deb.bytes).toString('base64')}'`;

  t.test('from a storage node to a repository', async (t) => {
    const { result, log } = await run(`
      def place = [${CELL}]
      echo "built before: \${shamanHasBuild(place + [arch: 'x86_64'])}, latest: \${latestSha1(project: 'ceph', ref: 'wip/a', platforms: ['bookworm'])}"
      shamanBuildStatus place + [status: 'queued', arch: 'x86_64']
      def chacra = shamanNextNode(project: 'ceph', ref: 'wip/a', sha1: 'abc')
      def said = withShamanBuild(place + [arch: 'x86_64', extra: [version: "1.\${2 - 2}"]]) {
        onAgent('x86_64 && bookworm') {
          ${write}
          uploadToChacra(place + [arch: 'x86_64', chacra: chacra, files: 'dist/*.deb'])
        }
        chacraRepoExtra(place + [chacra: chacra, extra: [version: '1.0', list: ['a', 'b']]])
        def published = chacraRepoUpdate(place + [chacra: chacra])
        def repo = waitForRepo(place + [generation: published.generation, arch: 'x86_64'])
        echo "repo \${repo.status} \${repo.live_generation} \${repo.chacra_url}"
        return repo.url
      }
      echo "said \${said}"
      echo "built now: \${shamanHasBuild(place + [arch: 'x86_64'])}, latest: \${latestSha1(project: 'ceph', ref: 'wip/a', platforms: ['bookworm'])}"
    `);
    t.equal(result, 'SUCCESS', log);
    t.match(log, /built before: false, latest: null/);
    t.match(log, /uploaded +1 files/);
    t.match(log, new RegExp(`repo ready 1 ${node.url}repos/ceph/`));
    t.match(log, new RegExp(`said ${node.url}r/ceph/`));
    t.match(log, /built now: true, latest: abc/);
    t.match(await builds(), [
      {
        status: 'completed',
        distro_arch: 'x86_64',
        log_url: /\/job\/ceph\/\d+\/consoleFull$/,
        extra: { version: '1.0', job_name: 'ceph' },
      },
    ]);
    t.match(agents.asked, [
      { method: 'POST', body: { label: 'x86_64 && bookworm', build_url: BUILD_URL, ttl: 3600 } },
      { method: 'DELETE', url: '/api/v1/demands/d1' },
    ]);
  });

  t.test('a record that outlives its repository', async (t) => {
    await node.fetch('repos/ceph/wip%2Fa/abc/debian/bookworm/flavors/default/', {
      method: 'DELETE',
    });
    const stale = {
      chacra_url: `${node.url}repos/x/`,
      url: `${node.url}r/x/`,
      status: 'ready',
      ref: 'wip/a',
      sha1: 'stale',
      flavor: 'default',
      distro: 'debian',
      distro_version: 'bookworm',
      archs: ['x86_64'],
    };
    const told = await shaman.post('/api/repos/ceph/', stale, 'chacra');
    t.equal(told.status, 200, await told.text());
    const { log } = await run(
      `echo "built: \${shamanHasBuild(project: 'ceph', ref: 'wip/a', sha1: 'stale', distro: 'debian', distroVersion: 'bookworm', arch: 'x86_64')}"`,
    );
    t.match(log, /has a record of .*, which answers 404[^]*built: false/);
  });

  t.test('how a build ends is told in every case', async (t) => {
    const cell = (arch: string) => `withShamanBuild(${CELL}, arch: '${arch}', label: 'x')`;
    const failing = await run(`${cell('failing')} { error 'broken' }`);
    t.match(failing, { result: 'FAILURE', log: /broken/ });
    const slow = await run(`timeout(time: 1, unit: 'SECONDS') { ${cell('late')} { sleep 3000 } }`);
    t.match(slow, { result: 'ABORTED' });
    const missing = await run(`${cell('wrong')} { noSuchStep() }`);
    t.match(missing, { result: 'FAILURE' });
    const aborted = engine.run(order(`${cell('aborted')} { echo 'inside'; sleep 3000 }`));
    aborted.watch((event) => {
      if (event.event === 'log' && event.text === 'inside') aborted.abort();
    });
    t.equal((await aborted.ended).result, 'ABORTED');
    const lost = engine.run(
      order(`
        int tries = 0
        ${cell('lost')} { tries++; sh(tries == 1 ? 'echo waiting; sleep 3000' : 'echo second') }`),
    );
    lost.watch((event) => {
      if (event.event === 'log' && event.text === 'waiting') lost.loseAgent('agent-1');
    });
    t.equal((await lost.ended).result, 'SUCCESS', lost.log.join('\n'));
    const told = Object.fromEntries(
      (await builds()).map(({ distro_arch, status }) => [distro_arch, status]),
    );
    t.match(told, {
      failing: 'failed',
      late: 'aborted',
      wrong: 'failed',
      aborted: 'aborted',
      lost: 'completed',
    });
  });

  t.test('services that are away or refuse', async (t) => {
    const away = {
      env: {
        GITBUILDER_SHAMAN: 'http://127.0.0.1:9/',
        GITBUILDER_AGENTS: 'http://127.0.0.1:9/',
      },
    };
    const built = await run(`withShamanBuild(${CELL}, label: 'x') { sh 'echo built' }`, away);
    t.match(built, {
      result: 'SUCCESS',
      log: /no demand: the agent service does not answer[^]*built[^]*could not tell shaman 'completed'/,
    });
    const asked = await run(`shamanNextNode(project: 'p', ref: 'r', sha1: 's')`, away);
    t.match(asked, { result: 'FAILURE', log: /shamanNextNode: shaman does not answer: / });
    const refused = await run(
      `shamanNextNode(project: 'p', ref: 'r', sha1: 's', credentials: 'wrong')`,
    );
    t.match(refused, {
      result: 'FAILURE',
      log: /shaman answered 401: this request needs a valid user/,
    });
    const late = await run(`waitForRepo(${CELL.replace('abc', 'none')}, minutes: 0)`);
    t.match(late, {
      result: 'FAILURE',
      log: /debian\/bookworm is not ready after 0 minutes: missing/,
    });
    const nowhere = await run(
      `chacraRepoUpdate(${CELL.replace('abc', 'none')}, chacra: '${node.url}')`,
    );
    t.match(nowhere, { result: 'FAILURE', log: /chacra answered 404: no repository/ });
  });

  t.test(
    'who waits for the latest: not for what failed, and through a restart of shaman',
    async (t) => {
      const failed = {
        ...{ chacra_url: `${node.url}repos/y/`, url: `${node.url}r/y/`, status: 'failed' },
        ...{ ref: 'wip/b', sha1: 'broken', flavor: 'default', reason: 'a.deb is cut off' },
        ...{ distro: 'debian', distro_version: 'bookworm', archs: ['x86_64'] },
      };
      const told = await shaman.post('/api/repos/ceph/', failed, 'chacra');
      t.equal(told.status, 200, await told.text());
      const latest = `latestSha1(project: 'ceph', ref: 'wip/b', platforms: ['bookworm'], minutes: 1)`;
      t.match(await run(latest), {
        result: 'FAILURE',
        log: /latestSha1: the newest sha1 of wip\/b, broken, cannot be used: debian\/12 failed: repository failed: a.deb is cut off/,
      });
      const asked: string[] = [];
      const restarting = await startServer((request, response) => {
        asked.push(request.url ?? '');
        // More often than any other request is tried.
        if (asked.length < 10) response.writeHead(503).end();
        else response.end(JSON.stringify({ sha1: 'abc', complete: true, done: true }));
      });
      t.teardown(() => restarting.close());
      const found = await run(`echo "found \${${latest}}"`, {
        env: { GITBUILDER_SHAMAN: restarting.url },
      });
      t.match(found, { result: 'SUCCESS', log: /found abc/ });
      asked.length = 0;
      const now = await run(latest.replace('minutes: 1', 'minutes: 0'), {
        env: { GITBUILDER_SHAMAN: restarting.url },
      });
      t.match(now, { result: 'FAILURE', log: /latestSha1: shaman answered 503/ });
      t.equal(asked.length, 6);
    },
  );

  t.test('arguments', async (t) => {
    const wrong: readonly [string, RegExp][] = [
      ["uploadToChacra file: 'x'", /there is no argument 'file'; it takes files, /],
      ["shamanNextNode project: 'p', ref: 'r'", /the argument 'sha1' is missing/],
      [`shamanBuildStatus ${CELL}, status: 'done'`, /'status' must be one of queued, started, /],
      [`chacraRepoExtra ${CELL}, chacra: 'c', extra: 'x'`, /'extra' must be a map, not: x/],
      [`waitForRepo ${CELL}, minutes: 'long'`, /'minutes' must be a whole number/],
    ];
    for (const [call, said] of wrong) t.match(await run(call), { result: 'FAILURE', log: said });
  });

  t.test('any value reaches the shell as it is', async (t) => {
    const library = join(folder, 'library');
    printerLibrary(library);
    const signs = [
      '$',
      '{',
      '}',
      '(',
      ')',
      '`',
      '\\',
      "'",
      '"',
      '\n',
      '\t',
      ' ',
      '%',
      '*',
      'é',
      '🦊',
    ];
    const value = fc
      .oneof(
        fc.string({ unit: fc.constantFrom(...signs, 'HOME', 'a') }),
        fc.string({ unit: 'binary' }),
      )
      // A variable of a process cannot hold it.
      .filter((text) => !text.includes('\0'));
    const property = fc.asyncProperty(
      fc.array(value, { minLength: 1, maxLength: VALUES }),
      async (values) => {
        const args = values.map((text, at) => `v${at}: ${groovyString(text)}`).join(', ');
        const { log } = await run(`node { printValues(${args}) }`, { library, strict: false });
        const printed = log.split('\n').flatMap((line) => /^<(.*)>$/.exec(line)?.[1] ?? []);
        const got = printed
          .slice(0, values.length)
          .map((hex) => Buffer.from(hex, 'hex').toString());
        assert.deepStrictEqual(got, values);
      },
    );
    // Each run is a build: the difference between got and wanted says enough without smaller ones.
    await t.resolves(
      fc.assert(property, { numRuns: 8, examples: [[AWKWARD]], endOnFailure: true }),
    );
  });

  t.test('parameters of a job', async (t) => {
    const script = `
      def asked = buildParameters(ref: 'main', distros: ['noble', 'centos9'], archs: 'x86_64',
        parameters: [[name: 'CEPH_REPO', choices: ['ceph-ci', 'ceph'], help: 'where'], [name: 'DWZ', flag: true], [name: 'SHA1', default: 'tip']])
      echo "asked \${asked}"`;
    const first = await run(script);
    t.match(
      first.log,
      'asked [BRANCH:main, SHA1:tip, DISTROS:noble centos9, ARCHS:x86_64, FLAVORS:, FORCE:false, THROWAWAY:false, CEPH_REPO:ceph-ci, DWZ:true]',
    );
    t.match(JSON.stringify(first.properties), /"BRANCH"[^]*"CEPH_REPO"/);
    const second = await run(script, { parameters: { BRANCH: 'wip', FORCE: true } });
    t.match(second.log, /BRANCH:wip, .*FORCE:true/);
  });
});

/** How many values the step of the property takes at once. */
const VALUES = 40;
const AWKWARD = [
  `$(touch gone) \`id\` "double" 'single' \\back $HOME \${HOME} $$ é🦊 -n * ;&|`,
  ...[
    '',
    ' ',
    '\n',
    'ends\n\n',
    '\r\n',
    '-n',
    '\\',
    "'",
    '${',
    '%s%n',
    '\u{10ffff}',
    'x'.repeat(30_000),
  ],
];

/** A step of the generator and of the real StepRunner, whose body prints what reached it, in hexadecimal digits. */
function printerLibrary(library: string): void {
  const body = 'print-values.sh';
  const printer: Step = {
    name: 'printValues',
    summary: 'Prints.',
    details: [],
    shape: 'does',
    params: Object.fromEntries(
      Array.from({ length: VALUES }, (_none, at) => [`v${at}`, { type: 'string', help: 'any' }]),
    ),
    body: { kind: 'shell', resources: [body] },
    example: 'printValues()',
  };
  cpSync(join(LIBRARY, 'src'), join(library, 'src'), { recursive: true });
  const resources = join(library, 'resources/org/ceph/gitbuilder');
  mkdirSync(resources, { recursive: true });
  mkdirSync(join(library, 'vars'));
  writeFileSync(join(library, 'vars/printValues.groovy'), groovyStep(printer, 'a test'));
  writeFileSync(
    join(resources, body),
    `#!/bin/sh
at=0
while [ "$at" -lt ${VALUES} ]; do
  eval 'value=$GITBUILDER_V'"$at"
  printf '<%s>\\n' "$(printf %s "$value" | od -An -v -tx1 | tr -d ' \\n')"
  at=$((at + 1))
done
`,
  );
}

interface AskedDemand {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
}

/** Takes demands as the agent service does, and remembers them. */
async function startDemandServer() {
  const asked: AskedDemand[] = [];
  const server = await startServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '' } = request;
      const text = Buffer.concat(chunks).toString();
      asked.push({ method, url, body: text === '' ? null : (JSON.parse(text) as unknown) });
      response.writeHead(method === 'POST' ? 200 : 204).end(method === 'POST' ? 'd1\n' : '');
    });
  });
  return { asked, ...server };
}

async function startServer(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    url: `http://127.0.0.1:${port ?? 0}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
