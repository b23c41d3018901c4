import t from 'tap';
import { ManualClock } from '../fakes/manual-clock.ts';
import { untilHeld } from '../fixtures/held.ts';
import { startTestShaman } from '../fixtures/shaman.ts';
import { CENTOS7, TRUSTY, XENIAL, lines, tellBuild, tellRepo } from '../fixtures/tell-shaman.ts';

const LATEST = '/api/v1/latest?project=ceph&ref=main&platforms=trusty,xenial,centos7';

t.test('the latest sha1 for main on trusty, xenial and centos7', async (t) => {
  const shaman = await startTestShaman(t);
  const nothing = { sha1: null, complete: false, done: false, newest: null, complete_sha1: null };
  t.match(await shaman.json(LATEST), nothing, 'of an unknown ref');
  for (const platform of [TRUSTY, XENIAL, CENTOS7]) {
    await tellRepo(shaman, { sha1: 'old', ...platform });
    await tellRepo(shaman, { sha1: 'oldest', ref: 'other', ...platform });
  }
  await tellRepo(shaman, { sha1: 'new', ...TRUSTY });
  await tellRepo(shaman, { sha1: 'new', ...XENIAL });
  await tellBuild(shaman, {
    sha1: 'new',
    distro: 'centos',
    distro_version: '7',
    status: 'started',
  });
  const pending = {
    platform: 'centos/7',
    flavor: 'default',
    state: 'pending',
    why: 'build started',
  };
  const r = (sha1: string, rest: string) =>
    `https://chacra.test/r/ceph/main/${sha1}/${rest}/flavors/default/`;
  t.match(await shaman.json(LATEST), {
    sha1: 'old',
    complete: true,
    done: true,
    missing: [],
    platforms: [
      { platform: 'ubuntu/14.04', distro_codename: 'trusty', url: r('old', 'ubuntu/trusty') },
      { platform: 'ubuntu/16.04', state: 'ready', repo: { archs: ['x86_64'] } },
      { platform: 'centos/7', state: 'ready', distro_codename: null },
    ],
    newest: { sha1: 'new', complete: false, missing: [pending] },
    complete_sha1: 'old',
  });
  const partial = await shaman.json(`${LATEST}&allow_partial=1`);
  t.match(partial, { sha1: 'new', complete: false, missing: [pending], complete_sha1: 'old' });

  await tellRepo(shaman, { sha1: 'new', ...CENTOS7 });
  t.match(await shaman.json(LATEST), { sha1: 'old' }, 'not while a build of the cell goes on');
  t.match(await shaman.json(`${LATEST}/arm64`), { sha1: null });
  await tellBuild(shaman, {
    sha1: 'new',
    distro: 'centos',
    distro_version: '7',
    status: 'completed',
  });
  await tellRepo(shaman, { sha1: 'old', ...CENTOS7 });
  t.match(await shaman.json(LATEST), { sha1: 'new' }, 'rebuilding an old one changes nothing');
  await tellRepo(shaman, { sha1: 'new', ...CENTOS7, host: '2.test', archs: ['aarch64'] });
  t.match(await shaman.json(`${LATEST}/arm64`), { sha1: 'new' }, 'archs of two storage nodes');
  await tellRepo(
    shaman,
    { sha1: 'newest', ...XENIAL, status: 'failed' },
    { reason: 'a.deb\nis torn' },
  );
  t.same(await lines(shaman, LATEST), [
    'sha1 new',
    'complete yes',
    'done yes',
    'first_seen 2026-01-01T00:00:00.000Z',
    `cell ubuntu/14.04 default ready - ready ${r('new', 'ubuntu/trusty')} -`,
    `cell ubuntu/16.04 default ready - ready ${r('new', 'ubuntu/xenial')} -`,
    `cell centos/7 default ready completed ready https://2.test/r/ceph/main/new/centos/7/flavors/default/ https://j/1/consoleFull`,
    'complete_sha1 new',
    'newest newest',
    'newest_missing ubuntu/14.04 default missing nothing is on record',
    'newest_missing ubuntu/16.04 default failed repository failed: a.deb is torn',
    'newest_missing centos/7 default missing nothing is on record',
  ]);
  t.match(await shaman.json(`${LATEST}&flavor=debug`), { sha1: null, done: false });
});

t.test('is sha1 X built for xenial', async (t) => {
  const shaman = await startTestShaman(t);
  const asked = '/api/v1/matrix?project=ceph&sha1=abc123&platforms=xenial';
  t.same(await lines(shaman, asked), [
    'built no',
    'done no',
    'sha1 abc123',
    'platform ubuntu/16.04 default missing -',
    'missing ubuntu/16.04 default missing nothing is on record',
  ]);
  const why = async (path = asked) => {
    const { built, done, missing } = (await shaman.json(path)) as {
      readonly built: boolean;
      readonly done: boolean;
      readonly missing: readonly { readonly state: string; readonly why: string }[];
    };
    return [built, done, ...missing.map((each) => `${each.state}: ${each.why}`)];
  };
  const build = (status: string, arch = 'x86_64') =>
    tellBuild(shaman, {
      status,
      distro_version: 'xenial',
      distro_arch: arch,
      url: `https://j/${arch}/`,
    });
  const repo = (fields: object, more = {}) => tellRepo(shaman, { ...XENIAL, ...fields }, more);
  await build('queued');
  t.same(await why(), [false, false, 'pending: build queued']);
  await build('aborted');
  t.same(await why(), [false, true, 'failed: build aborted']);
  await build('completed', 'arm64');
  t.same(await why(), [false, false, 'missing: built, but in no repository yet']);
  await repo({ status: 'requested', archs: ['arm64'] });
  t.same(await why(), [false, false, 'pending: repository requested']);
  await repo({ archs: ['arm64'] });
  t.same(await why(), [true, true]);
  t.same(await why(`${asked}/aarch64`), [true, true]);
  t.same(await why(`${asked}/amd64`), [false, true, 'failed: build aborted']);
  await build('completed');
  const lacks = 'missing: the repository is ready without this arch';
  t.same(await why(`${asked}/amd64`), [false, false, lacks]);
  await repo({ flavor: 'debug', ...CENTOS7, ref: 'wip/fix' });
  t.same(
    (await lines(shaman, asked.replace('&platforms=xenial', ''))).filter((line) =>
      /^(built|cell)/.test(line),
    ),
    [
      'built no',
      'cell centos/7/x86_64 debug ready - ready https://chacra.test/r/ceph/wip%2Ffix/abc123/centos/7/flavors/debug/ -',
      'cell ubuntu/16.04/arm64 default ready completed ready https://chacra.test/r/ceph/main/abc123/ubuntu/xenial/flavors/default/ https://j/1/consoleFull',
      'cell ubuntu/16.04/x86_64 default missing completed ready - https://j/1/consoleFull',
    ],
  );
  t.same(await why('/api/v1/matrix?project=ceph&ref=wip%2Ffix'), [true, true], 'of one ref only');

  await tellRepo(shaman, { sha1: 'def', ...TRUSTY });
  const expected = 'missing: nothing is on record';
  t.same(
    await why('/api/v1/matrix?project=ceph&ref=main'),
    [false, false, expected],
    'what the sha1 before it had',
  );
  t.match(await shaman.json('/api/v1/matrix?project=ceph&ref=main'), {
    sha1: 'def',
    missing: [{ platform: 'ubuntu/16.04/arm64' }],
  });

  const generation = (number: number) => why(`${asked}&generation=${number}`);
  await repo({}, { generation: 4 });
  t.same(await generation(4), [true, true]);
  t.same(await generation(5), [false, false, 'pending: generation 5 is not live; live is 4']);
  await repo({ status: 'failed' }, { generation: 5, reason: 'torn' });
  t.same(await generation(5), [false, true, 'failed: repository failed: torn']);
  t.same(await generation(6), [false, false, 'pending: generation 6 is not live; live is 4']);
  await repo({ status: 'building' }, { generation: 7, live_generation: 6 });
  t.same(await generation(6), [true, true], 'also while the next one is made');

  await repo({ archs: ['arm64'] }, { generation: 7 });
  await repo({ ref: 'wip/fix', archs: ['x86_64'] }, { generation: 9 });
  const arm = `${asked}/arm64&generation=7`;
  t.same(await why(arm), [true, true], 'also when another ref has a later one without the arch');
});

t.test('held until it is so, or failed, or the time is up', async (t) => {
  const clock = new ManualClock();
  const shaman = await startTestShaman(t, { clock, shaman: 'heldPerAddress: 40' });
  const asked = '/api/v1/matrix?project=ceph&sha1=abc123&platforms=xenial&wait=600';
  const ready = '/api/v1/latest?project=ceph&ref=main&platforms=xenial&wait=600';
  const found =
    '/api/v1/search?project=ceph&ref=main&status=ready&extra.build_url=https://j/7/&wait=600';
  const json = (answer: Promise<Response>) => answer.then((each) => each.json());

  const many = Array.from({ length: 30 }, () => json(shaman.get(asked)));
  const others = [ready, found].map((path) => json(shaman.get(path)));
  const text = shaman.get(`${asked}&format=text`);
  await untilHeld(shaman, 'wait', 33);
  await tellRepo(shaman, { ...XENIAL, status: 'building' });
  await tellRepo(shaman, { ...TRUSTY, sha1: 'other' });
  await untilHeld(shaman, 'wait', 33);
  await tellRepo(shaman, XENIAL, { extra: { build_url: 'https://j/7/' } });
  for (const answer of await Promise.all(many)) t.match(answer, { built: true, done: true });
  t.match(await (await text).text(), /^built yes\ndone yes\n/);
  t.match(await Promise.all(others), [{ sha1: 'abc123' }, { repos: [{ sha1: 'abc123' }] }]);
  await untilHeld(shaman, 'wait', 0);

  const failing = json(shaman.get(asked.replace('abc123', 'def')));
  await untilHeld(shaman, 'wait', 1);
  await tellBuild(shaman, { sha1: 'def', distro_version: 'xenial', status: 'failed' });
  t.match(await failing, { built: false, done: true, missing: [{ state: 'failed' }] });

  const held = shaman.get(`${asked.replace('abc123', 'xyz')}&generation=3`);
  await untilHeld(shaman, 'wait', 1);
  for (let blank = 0; blank < 40; blank += 1) clock.advance(15_000);
  const late = await (await held).text();
  t.match(late, /^\n{39,40}\{.*\}$/, 'a blank each 15 seconds');
  t.match(JSON.parse(late), { built: false, done: false });
  t.equal((await held).headers.get('etag'), null);

  const leaving = new AbortController();
  const left = shaman.get(asked.replace('abc123', 'xyz'), { signal: leaving.signal });
  await untilHeld(shaman, 'wait', 1);
  leaving.abort();
  await t.rejects(left);
  await untilHeld(shaman, 'wait', 0);

  const most = Array.from({ length: 40 }, () => shaman.get(asked.replace('abc123', 'xyz')));
  await untilHeld(shaman, 'wait', 40);
  const refused = await shaman.get(asked.replace('abc123', 'xyz'));
  t.match([refused.status, refused.headers.get('retry-after')], [429, '5']);
  t.match(await refused.json(), { code: 'TOO_MANY_HELD', advice: /heldPerAddress/ });
  t.equal((await shaman.get(asked)).status, 200, 'what is so already needs no holding');
  await shaman.stop();
  const ended = await Promise.all(most.map(json));
  t.ok(
    ended.every((answer) => (answer as { done: boolean }).done === false),
    'a stop answers all',
  );
});
