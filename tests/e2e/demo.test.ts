import { existsSync } from 'node:fs';
import t from 'tap';
import { runDemo, folderOf, leftOf, pathWith } from '../fixtures/demo-command.ts';
import { needsEngine } from '../fixtures/docker-engine.ts';
import { JAVA } from '../fixtures/java.ts';
import { needs } from '../fixtures/tool.ts';

const FLOCK = needs(['flock', 'util-linux']);
const ENGINE = needsEngine();
const TOOLS = needs(
  ['git', 'git'],
  ['dpkg-deb', 'dpkg'],
  ['rpmbuild', 'rpm'],
  ['apt-get', 'apt'],
  ['dnf', 'dnf'],
  ['zypper', 'zypper'],
);

t.test('the whole story, with every package manager', TOOLS, async (t) => {
  const { status, said } = await runDemo(t, ['--once', '--nodes', '2']);
  t.equal(status, 0, said);
  t.equal(said.match(/^ {4}chacra http/gm)?.length, 2);
  t.match(said, /by dpkg-deb/);
  t.match(said, /by rpmbuild/);
  t.match(said, /repo debian\/12: building[^]*repo debian\/12: ready/);
  t.match(said, /"Is [0-9a-f]{12} built[^]*built yes/);
  t.match(said, /"What is the latest main[^]*complete yes/);
  t.match(said, /Signed-By:\n +-----BEGIN PGP PUBLIC KEY/);
  t.match(said, /^ +deb \[signed-by=\S+\] http\S+ bookworm main$/m);
  t.match(said, /^ +repo_gpgcheck=1$/m);
  for (const tool of ['apt-get', 'dnf', 'zypper']) {
    t.match(said, new RegExp(`${tool} installs it and it runs\n +hello from gitbuilder`));
  }
  t.notMatch(said, /admin:/, 'no key is printed');
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test(
  'by the Jenkinsfile, to what package managers install',
  TOOLS.skip === false ? JAVA : TOOLS,
  async (t) => {
    const { status, said } = await runDemo(t, ['--once', '--pipeline']);
    t.equal(status, 0, said);
    if (ENGINE.skip === false) {
      for (const platform of ['bookworm', 'centos9']) {
        const built = new RegExp(
          `^ +\\[${platform} x86_64 default\\] built on (${platform}-[0-9a-f]{12})$`,
          'm',
        );
        const agent = built.exec(said)?.[1] ?? '?';
        t.match(
          said,
          new RegExp(`^ +${agent} +job/hello/1/ .*( +\\+\\d+\\.\\d{3} s){6}$`, 'm'),
          'in a container',
        );
      }
      t.equal(
        said.match(/requested +for job\/hello\/1\//g)?.length,
        3,
        'the source, and a cell each',
      );
      t.match(said, /containers left: 0\n +nodes left: 0/);
      t.strictSame(await leftOf(said), []);
    }
    t.match(said, /gitbuilder: 2 cells: bookworm x86_64 default, centos9 x86_64 default/);
    t.match(said, /: 2 built\n +bookworm x86_64 default {2}built {2}http/);
    for (const tool of ['apt-get', 'dnf', 'zypper']) {
      t.match(said, new RegExp(`${tool} installs what the pipeline made\n +hello from gitbuilder`));
    }
  },
);

t.test('without any tool it builds by itself, and serves until told to stop', FLOCK, async (t) => {
  const { status, said } = await runDemo(t, [], { path: pathWith(t, {}), until: /Ctrl-C/ });
  t.equal(status, 0, said);
  t.match(said, /git is not installed: the sha1 is made up/);
  t.equal(said.match(/by gitbuilder's own writer/g)?.length, 2);
  t.match(said, /apt-get is skipped: apt-get and dpkg not installed/);
  t.match(said, /Still serving: http/);
  t.match(said, /the key that signs in \S+signing\.asc/);
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test('a step that fails is told, and the status tells it too', FLOCK, async (t) => {
  const path = pathWith(t, { dpkg: '', 'apt-get': 'echo "no such luck"; exit 3' });
  const { status, said } = await runDemo(t, ['--once'], { path });
  t.equal(status, 1, said);
  t.match(said, /apt-get installs it and it runs\n +failed after/);
  t.match(said, /apt-get update ended with 3:\nno such luck/);
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test('told to stop in the middle, it stops what it started', FLOCK, async (t) => {
  const path = pathWith(t, { dpkg: '', 'apt-get': 'exec tail -f /dev/null' });
  const { status, said } = await runDemo(t, ['--once'], { path, until: /apt-get installs/ });
  t.equal(status, 143, said);
  t.match(said, /stopped after/);
  t.notOk(existsSync(folderOf(said)), 'its folder is gone');
});

t.test('flags that cannot be are refused', async (t) => {
  const { status, said } = await runDemo(t, ['--nodes', '0']);
  t.equal(status, 1);
  t.match(said, /number from 1 to 9/);
});
