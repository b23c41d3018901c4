import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseEngineUrl } from '../../node-agent/docker/engine-address.ts';
import { isNumeric, ownerOf } from '../../node-agent/docker/container-owner.ts';
import { registryLogins } from '../../node-agent/docker/registry-logins.ts';
import { registryOf, withTag } from '../../node-agent/rules/image-name.ts';
import { PullProgress } from '../../node-agent/rules/pull-progress.ts';
import { pullAdvised } from '../../node-agent/rules/pull-advice.ts';
import { engineAdvice } from '../../services/cli/agents-demo/engine-advice.ts';
import { engineUrl, findEngine } from '../../services/cli/agents-demo/find-engine.ts';

t.test('an engine is named by its socket, or by its host and port', async (t) => {
  t.same(parseEngineUrl('unix:///var/run/docker.sock'), { path: '/var/run/docker.sock' });
  t.same(parseEngineUrl('tcp://10.0.0.5:2377'), { host: '10.0.0.5', port: 2377 });
  t.same(parseEngineUrl('tcp://builder.example'), { host: 'builder.example', port: 2376 });
  t.same(parseEngineUrl('tcp://[2001:db8::5]:2377'), { host: '2001:db8::5', port: 2377 });
  const wrong = ['', '/var/run/docker.sock', 'unix://docker.sock', 'unix:///', 'http://x:2375'];
  const others = [
    'unix:///50%',
    'tcp://',
    'tcp://x/path',
    'tcp://user@x',
    'tcp://x?y',
    'tcp://x:99999',
    'ssh://x',
  ];
  for (const text of [...wrong, ...others]) t.equal(parseEngineUrl(text), null, text);
});

t.test('the demo looks where clients of Docker look, and says what to do', async (t) => {
  t.equal(engineUrl({}), 'unix:///var/run/docker.sock');
  t.equal(engineUrl({ DOCKER_HOST: 'unix:///a', GITBUILDER_DOCKER: '' }), 'unix:///a');
  t.equal(engineUrl({ DOCKER_HOST: 'unix:///a', GITBUILDER_DOCKER: 'unix:///b' }), 'unix:///b');
  t.match(engineAdvice('connect ENOENT /var/run/docker.sock'), 'apt-get install docker.io');
  t.match(engineAdvice('connect EACCES /var/run/docker.sock'), 'usermod -aG docker');
  t.match(engineAdvice('connect ECONNREFUSED /var/run/docker.sock'), 'systemctl start docker');
  t.match(engineAdvice('no answer within 20 s'), 'docker info');
  const far = findEngine('tcp://far.example.org:2376', 'demo-1', () => undefined);
  await t.rejects(far, /is no socket of this machine.*DOCKER_HOST/);
});

t.test('an image without a tag is its latest', async (t) => {
  t.equal(withTag('debian'), 'debian:latest');
  t.equal(withTag('reg.example:5000/debian'), 'reg.example:5000/debian:latest');
  t.equal(withTag('reg.example:5000/debian:12'), 'reg.example:5000/debian:12');
  t.equal(withTag('debian@sha256:ab'), 'debian@sha256:ab');
});

t.test('users of images are numbers, or names in their own passwd', async (t) => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\njenkins:x:1000:1001::/home/jenkins:/bin/sh\n';
  t.same(ownerOf('', ''), { uid: 0, gid: 0 });
  t.same(ownerOf('1234', ''), { uid: 1234, gid: 0 });
  t.same(ownerOf('1000', passwd), { uid: 1000, gid: 1001 });
  t.same(ownerOf('1234:55', ''), { uid: 1234, gid: 55 });
  t.same(ownerOf('jenkins', passwd), { uid: 1000, gid: 1001 });
  t.same(ownerOf('jenkins:docker', passwd), { uid: 1000, gid: 1001 });
  t.equal(ownerOf('nobody', passwd), null);
  t.same(['', '0', '1:2', 'x', '1:x'].map(isNumeric), [true, true, true, false, false]);
});

t.test('the registry of an image is what Docker takes for it', async (t) => {
  for (const [image, registry] of [
    ['debian', 'docker.io'],
    ['gitbuilder-agent/noble:latest', 'docker.io'],
    ['index.docker.io/library/debian', 'docker.io'],
    ['reg.example.org/a/b:1', 'reg.example.org'],
    ['reg:5000/a', 'reg:5000'],
    ['localhost/a', 'localhost'],
    ['Reg.Example.org:5000/a', 'reg.example.org:5000'],
  ] as const)
    t.equal(registryOf(image), registry);
});

t.test('who pulls is found under every name of a registry, and read anew each time', async (t) => {
  const passwordFile = join(t.testdir({ password: 'first\r\nnot this\n' }), 'password');
  const user = 'ci';
  const logins = registryLogins([
    { host: 'index.docker.io', user, passwordFile },
    { host: 'Reg.example.org:5000', user: 'other', passwordFile },
  ]);
  const hub = 'https://index.docker.io/v1/';
  for (const [image, login] of [
    ['debian', { username: user, password: 'first', serveraddress: hub }],
    ['docker.io/ours/noble:1', { username: user, serveraddress: hub }],
    ['reg.example.org:5000/a', { username: 'other', serveraddress: 'reg.example.org:5000' }],
    ['reg.example.org/a', null],
    ['reg.example.org:500/a', null],
    ['evil.org/reg.example.org:5000/a', null],
  ] as const)
    t.match(await logins(image), login, image);
  writeFileSync(passwordFile, 'second');
  t.match(await logins('debian'), { password: 'second' });
  writeFileSync(passwordFile, '\n');
  await t.rejects(logins('debian'), /first line is empty/);
});

t.test('whoever reads why a pull failed reads what to do', async (t) => {
  const image = 'reg.example.org/a:1';
  for (const [reason, advice] of [
    ['Get "https://reg.example.org/v2/": no basic auth credentials', /name a user of reg\.example/],
    [
      "pull access denied for a, repository does not exist or may require 'docker login'",
      /private/,
    ],
    [
      'Get "https://reg.example.org/v2/": http: server gave HTTP response to HTTPS client',
      /insecure-/,
    ],
    ['tls: failed to verify certificate: x509: certificate signed by unknown', /certs\.d\/reg\.ex/],
    ['dial tcp: lookup reg.example.org on 10.0.0.1:53: no such host', /host reaches it/],
    ['write /var/lib/docker/tmp/x: no space left on device', /make room/],
    ['no answer within 600 s', /pullSeconds/],
  ] as const)
    t.match(pullAdvised(reason, image, null), advice);
  t.match(pullAdvised('denied: requested access', image, 'ci'), /check that ci .* may pull/);
  t.equal(pullAdvised('something new', image, null), 'something new');
});

t.test('a pull tells how far it is, of what the engine tells of layers', async (t) => {
  const progress = new PullProgress();
  const note = (status: string, id: string | null = null, current = 0, total = 0) =>
    progress.note({ status, id, bytes: total === 0 ? null : { current, total } });
  note('Pulling from library/debian', 'bookworm');
  for (const id of ['a', 'b', 'c']) note('Pulling fs layer', id);
  note('Already exists', 'd');
  note('Waiting', 'c');
  note('Downloading', 'a', 500_000, 1_000_000);
  note('Downloading', 'b', 11_500_000, 39_000_000);
  t.equal(progress.text, '0 of 3 layers, 12.0 of 40.0 MB');
  note('Download complete', 'a');
  note('Extracting', 'a', 7, 1_000_000);
  t.equal(progress.text, '0 of 3 layers, 12.5 of 40.0 MB');
  note('Pull complete', 'a');
  note('Digest: sha256:…');
  t.equal(progress.text, '1 of 3 layers, 12.5 of 40.0 MB');
});
