import fc from 'fast-check';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { buildArchive } from '../../node-agent/docker/file-archive.ts';
import { DockerEngine } from '../../node-agent/docker/docker-engine.ts';
import { renderBootstrap } from '../../node-agent/rules/bootstrap.ts';
import type { HandedFile } from '../../node-agent/rules/container.ts';
import { provisionFiles } from '../../node-agent/rules/provision-files.ts';
import { STARTER_COMMAND, starterFiles } from '../../node-agent/rules/starter.ts';
import type { Template, TemplateMount } from '../../node-agent/rules/template.ts';
import { systemClock } from '../../services/adapters/system-clock.ts';
import { got } from '../contract/container-engine-contract.ts';
import { RecordingLog } from '../fakes/recording-log.ts';
import { BUSYBOX_IMAGE, ENGINE, JAVA_IMAGE, needsEngine } from '../fixtures/docker-engine.ts';
import { someContainer } from '../fixtures/some-container.ts';
import { someProvision, someTemplate } from '../fixtures/some-template.ts';
import { testFolder } from '../fixtures/test-folder.ts';

t.setTimeout(240_000);

const SECRET = 'ab'.repeat(32);
const SERVICE = 'bootstrap-test';
/** Takes java's place: says how it was called, by whom, with what. */
const JAVA: HandedFile = {
  path: '/opt/java/java',
  mode: 0o755,
  content: `#!/bin/sh
for secret; do :; done
printf '{"args": ['; for arg; do printf '%s' "$arg" | sed 's/[\\\\"]/\\\\&/g; s/^/"/; s/$/",/' | tr '\\n' ' '; done
printf 'null], "uid": "%s", "home": "%s", "lang": "%s", "folder": "%s", "secret": "%s", "left": "%s"}\\n' \\
  "$(id -u)" "$HOME" "\${LANG:-}" "$(pwd)" "$(cat "\${secret#@}")" "$(ls /opt/gitbuilder | tr '\\n' ' ')"
`,
};

interface Served {
  readonly node: string;
  readonly template: Template;
}

/** The agent service as a container meets it: each token is good once. */
async function service(t: Test, host: string, { node, template }: Served) {
  const url = () => `http://${host}:${(server.address() as AddressInfo).port}/agents/`;
  const tokens = new Set(['setup-token', 'build-token', 'jar-token']);
  const seen: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const path = request.url ?? '';
      const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
      seen.push(path);
      if (!tokens.delete(token)) return response.writeHead(401).end();
      if (token === 'jar-token') return response.end(Buffer.from([0, 1, 2, 255]));
      if (token === 'build-token')
        return response.end(await buildArchive(provisionFiles(template.provision)));
      return response.end(
        renderBootstrap({
          ...{ node, template, serviceUrl: url(), controllerUrl: 'http://jenkins.example/' },
          ...{ jarToken: 'jar-token', buildToken: 'build-token' },
        }),
      );
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  t.teardown(() => server.close());
  return { url: url(), seen };
}

/** What a container says that runs this and ends. */
async function output(
  t: Test,
  image: string,
  command: readonly string[],
  mount: TemplateMount,
): Promise<string> {
  const engine = openEngine(t);
  const id = await got(engine.create(someContainer(SERVICE, { image, command, mounts: [mount] })));
  t.teardown(() => engine.remove(id, 0));
  await runToEnd(engine, id);
  return (await got(engine.lastLines(id, 500))).join('\n');
}

function openEngine(t: Test): DockerEngine {
  const engine = new DockerEngine({
    ...{ host: 'here', service: SERVICE, clock: systemClock, log: new RecordingLog() },
    address: { kind: 'socket', path: ENGINE.replace('unix://', '') },
  });
  t.teardown(() => engine.close());
  return engine;
}

/** Starts it and waits for its end; the status that it ended with. */
async function runToEnd(engine: DockerEngine, id: string): Promise<number | null> {
  let ended: (status: number | null) => void = () => undefined;
  const end = new Promise<number | null>((resolve) => (ended = resolve));
  await new Promise<void>((isFollowed) =>
    engine.watch({
      died: (died, _, status) => {
        if (died === id) ended(status);
      },
      missed: isFollowed,
    }),
  );
  await got(engine.start(id));
  return end;
}

/** Runs a container as an agent's would be, until its java ends; what it said. */
async function runAgent(t: Test, served: Served, image: string, more: readonly HandedFile[] = []) {
  const engine = openEngine(t);
  const { gateway } = await got(engine.facts());
  const { url, seen } = await service(t, gateway ?? '', served);
  const spec = someContainer(SERVICE, {
    image,
    command: STARTER_COMMAND,
    user: served.template.user,
  });
  const id = await got(engine.create(spec));
  t.teardown(() => engine.remove(id, 0));
  const order = { node: served.node, serviceUrl: url, setupToken: 'setup-token', secret: SECRET };
  await got(engine.handOver(id, [...starterFiles(order), ...more]));
  const status = await runToEnd(engine, id);
  const lines = await got(engine.lastLines(id, 500));
  const report = lines.find((line) => line.startsWith('{"args"')) ?? '{"args": []}';
  const { args, ...said } = JSON.parse(report) as { args: Array<string | null> };
  return { status, seen, text: lines.join('\n'), args, said };
}

const template = someTemplate({
  java: '/opt/java/java',
  javaOptions: ['-Xmx256m', '-Dx=a b'],
  remoteFs: '/home/builder/agent',
  provision: someProvision({
    user: { name: 'builder', uid: 2345, home: null, sudo: false },
    locale: 'C.UTF-8',
    authorizedKeys: ['ssh-ed25519 AAAA it\'s "me"'],
    files: [
      { path: "/etc/build.d/it's $HOME", content: '100% `sure`\n', mode: 0o640 },
      { path: '/home/builder/.config/tool/rc', content: '', mode: 0o600 },
      { path: '/tmp/seed', content: '', mode: 0o644 },
      { path: '/seed', content: '', mode: 0o644 },
    ],
    script: [
      'cat "/etc/build.d/it\'s \\$HOME"; ls -l /etc/build.d; cat /home/builder/.ssh/*; id -u',
      'cd /home/builder && ls -dn . .ssh .config .config/tool/rc && ls -dn /tmp/seed /tmp',
    ].join('\n'),
  }),
});

for (const image of [BUSYBOX_IMAGE, JAVA_IMAGE]) {
  t.test(
    `a container of ${image} becomes the agent that its template describes`,
    needsEngine(),
    async (t) => {
      const { args, said, status, text, seen } = await runAgent(
        t,
        { node: 'noble-1', template },
        image,
        [JAVA],
      );
      t.equal(status, 0, text);
      t.same(seen, ['/agents/setup/noble-1/', '/agents/build/noble-1/', '/agents/agent.jar']);
      t.match(text, /100% `sure`\n.*\n-rw-r-----.* it's \$HOME\nssh-ed25519 AAAA it's "me"\n0\n/);
      const owner = (path: string) =>
        new RegExp(`^(\\S+) +\\d+ (\\d+) .* ${path}$`, 'm').exec(text)?.slice(1).join(' ');
      t.same(['\\.', '\\.ssh', '\\.config', '\\.config/tool/rc'].map(owner), [
        'drwxr-xr-x 2345',
        'drwx------ 2345',
        'drwxr-xr-x 2345',
        '-rw------- 2345',
      ]);
      t.match(owner('/tmp'), /^drwxrwxrw[tx] 0$/, 'folders that were there stay as they were');
      t.same(args.slice(0, 3), ['-Xmx256m', '-Dx=a b', '-jar']);
      t.match(args[3], /^\/tmp\/gitbuilder\.\w+\/agent\.jar$/);
      t.same(args.slice(4, -1), [
        ...['-url', 'http://jenkins.example/', '-name', 'noble-1', '-webSocket'],
        ...['-workDir', '/home/builder/agent', '-noReconnectAfter', '3600s'],
        ...['-secret', '@/dev/fd/3'],
      ]);
      t.same(said, {
        ...{ uid: '2345', home: '/home/builder', lang: 'C.UTF-8', folder: '/home/builder/agent' },
        ...{ secret: SECRET, left: '' },
      });
    },
  );
}

/** Texts that a shell, a path or a printf may trip over. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom("'", '"', '\\', '$(false)', '`', '${x', '\n', ' ', '*', '~', '%s', ';', '&'),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join('').replaceAll('\0', ''));
const hostileName = hostile.map((text) => `x${text.replaceAll('/', '')}`.slice(0, 80));

for (const image of [BUSYBOX_IMAGE, JAVA_IMAGE]) {
  t.test(
    `no value of a template means anything to the shell of ${image}`,
    needsEngine(),
    async (t) => {
      const folder = testFolder(t);
      const cases = fc.sample(
        fc.record({
          node: hostileName,
          controllerUrl: hostile,
          remoteFs: hostileName.map((name) => `/srv/${name}`),
          javaOptions: fc.array(hostile, { maxLength: 3 }),
          locale: hostileName,
          key: hostile.filter((text) => !text.includes('\n') && text !== ''),
        }),
        { numRuns: 12, seed: 7 },
      );
      cases.forEach(({ node, remoteFs, javaOptions, locale, key, controllerUrl }, at) => {
        const provision = someProvision({ locale, authorizedKeys: [key] });
        const script = renderBootstrap({
          ...{ node, controllerUrl, serviceUrl: 'http://127.0.0.1:1/' },
          template: someTemplate({ remoteFs, javaOptions, provision }),
          ...{ jarToken: 'jar', buildToken: 'build' },
        });
        writeFileSync(join(folder, `${at}.sh`), script);
      });
      const stubs = {
        curl: 'exit 0',
        java: 'printf "%s\\0" "$LANG" "$PWD" "$@" >"/scripts/$at.out"; cp "$HOME/.ssh/authorized_keys" "/scripts/$at.keys"',
      };
      for (const [name, body] of Object.entries(stubs))
        writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      writeFileSync(
        join(folder, 'all.sh'),
        `export PATH="/scripts:$PATH"; mkdir -p /opt/gitbuilder; at=0
while [ -e /scripts/$at.sh ]; do
  export at HOME=/tmp/home$at; mkdir -p $HOME; echo s >/opt/gitbuilder/secret
  sh /scripts/$at.sh >/scripts/$at.log 2>&1 || echo "$at failed: $(cat /scripts/$at.log)"
  at=$((at + 1))
done; echo "$at ran"`,
      );
      const mount = { kind: 'bind', source: folder, target: '/scripts', readOnly: false } as const;
      t.match(await output(t, image, ['/bin/sh', '/scripts/all.sh'], mount), /^12 ran$/);
      for (const [at, given] of cases.entries()) {
        const [lang, pwd, ...args] = readFileSync(join(folder, `${at}.out`), 'utf8').split('\0');
        t.same([lang, pwd], [given.locale, given.remoteFs]);
        t.same(args.slice(0, given.javaOptions.length), given.javaOptions);
        const after = args.slice(given.javaOptions.length + 2);
        t.same([after[1], after[3], after[6]], [given.controllerUrl, given.node, given.remoteFs]);
        t.equal(readFileSync(join(folder, `${at}.keys`), 'utf8'), `${given.key}\n`);
      }
    },
  );
}
