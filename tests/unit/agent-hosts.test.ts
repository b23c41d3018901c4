import fc from 'fast-check';
import t from 'tap';
import type { Test } from 'tap';
import { agentProblems } from '../../node-agent/agent-problems.ts';
import { orderAgents } from '../../node-agent/operate-agents.ts';
import { listCaches, pruneHostCaches, removeHostCache } from '../../node-agent/prune-caches.ts';
import { ImageRefreshing } from '../../node-agent/refresh-images.ts';
import { isPresent } from '../../node-agent/rules/life.ts';
import type { CacheVolume } from '../../node-agent/rules/container.ts';
import { pruneCaches } from '../../node-agent/rules/prune-caches.ts';
import type { KnownCache } from '../../node-agent/rules/prune-caches.ts';
import type { Template } from '../../node-agent/rules/template.ts';
import { hostsText, prunedText, templatesText } from '../../services/cli/agents/place-tables.ts';
import { AgentWorld } from '../fakes/agent-world.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { someTemplate } from '../fixtures/some-template.ts';
import { testFolder } from '../fixtures/test-folder.ts';
import { startService } from '../fixtures/world-service.ts';

/* What hosts have of agents when no agent is there: caches, and images for the next ones. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

async function stage(
  t: Test,
  options: Partial<Parameters<typeof startService>[2]> & { readonly templates: Template[] },
) {
  const world = new AgentWorld();
  const clock = new ManualClock();
  const folder = testFolder(t);
  const start = () => startService(world, clock, { folder, ...options });
  const service = await start();
  t.teardown(() => service.kill());
  return { world, clock, start, service };
}

t.test('an order right after a start waits for the hosts, but not for ever', async (t) => {
  const templates = [someTemplate()];
  const order = ({ service }: Awaited<ReturnType<typeof stage>>) =>
    orderAgents(service.collaborators, 'noble', 1, 'op');
  const here = await stage(t, { templates });
  const first = order(here);
  await here.service.seconds(1);
  t.match(await first, { made: [{ host: 'h1' }], refused: [] });

  const away = await stage(t, { templates, hosts: ['h1', 'h2'] });
  away.world.away.add('h2');
  const second = order(away);
  await away.service.seconds(1);
  t.match(await second, { made: [{ host: 'h1' }] }, 'of those that answer');

  const silent = await stage(t, { templates });
  const third = order(silent);
  silent.clock.advance(10_000);
  t.match(await third, {
    made: [],
    refused: ['1 of 1: no host can take it: h1 has not answered yet'],
  });
});

const CACHED = someTemplate({ caches: [{ name: 'ccache', target: '/cache' }], uses: null });

function volume(name: string, clock: ManualClock, differs: Partial<CacheVolume> = {}): CacheVolume {
  const created = clock.now().toISOString();
  return { volume: `gitbuilder-svc-${name}`, bytes: 1000, created, isInUse: false, ...differs };
}

t.test('of any caches: those in use stay, the longest unused go first, the rest fits', async () => {
  const now = new Date('2026-11-28T12:00:00Z');
  const cache = fc.record({
    bytes: fc.option(fc.nat({ max: 500 })),
    unusedHours: fc.nat({ max: 2400 }),
    isInUse: fc.boolean(),
  });
  const limits = fc.record({
    days: fc.option(fc.nat({ max: 100 })),
    bytes: fc.option(fc.nat({ max: 2000 })),
  });
  fc.assert(
    fc.property(fc.array(cache, { maxLength: 8 }), limits, (drawn, { days, bytes }) => {
      const caches: KnownCache[] = drawn.map((one, index) => {
        const lastUsed = new Date(now.getTime() - one.unusedHours * HOUR).toISOString();
        return { ...one, lastUsed, name: `${index}`, volume: `v${index}`, created: lastUsed };
      });
      const gone = new Set(pruneCaches(caches, { days, bytes }, now).map(({ cache }) => cache));
      const kept = caches.filter((one) => !gone.has(one));
      const free = kept.filter(({ isInUse }) => !isInUse);
      if ([...gone].some(({ isInUse }) => isInUse)) return false;
      if (
        days !== null &&
        free.some((one) => now.getTime() - Date.parse(one.lastUsed) >= days * DAY)
      )
        return false;
      const total = kept.reduce((sum, one) => sum + (one.bytes ?? 0), 0);
      const movable = free.filter((one) => (one.bytes ?? 0) > 0);
      if (bytes !== null && total > bytes && movable.length > 0) return false;
      // Without a limit that it breaks, nothing goes; and nothing goes before what was unused for longer.
      const newest =
        [...gone]
          .map(({ lastUsed }) => lastUsed)
          .sort()
          .at(-1) ?? '';
      return movable.every(({ lastUsed }) => lastUsed >= newest);
    }),
  );
  const one = { name: 'a', volume: 'v', bytes: 10, created: '', isInUse: false };
  const fits = { ...one, lastUsed: '2026-11-01T00:00:00Z' };
  t.same(pruneCaches([fits], { days: null, bytes: 10 }, now), []);
  t.same(pruneCaches([fits], { days: 28, bytes: null }, now), []);
});

t.test(
  'a cache goes when nobody used it for so many days, and not while an agent has it',
  async (t) => {
    const { world, clock, service, start } = await stage(t, {
      templates: [CACHED],
      caches: { days: 30, bytes: null },
    });
    const prune = async (at = service) =>
      (await pruneHostCaches(at.collaborators)).map(({ name, left }) => [name, left]);
    world.caches.set('h1', [volume('ccache', clock), volume('pip', clock)]);
    clock.advance(29 * DAY);
    const build = world.queue('noble');
    await service.seconds(5);
    clock.advance(DAY);
    t.strictSame(await prune(), [['pip', null]], 'an agent has the other one');
    world.finish(build);
    await service.seconds(700);
    clock.advance(29 * DAY);
    t.strictSame(
      await prune(),
      [],
      'its use was noted, though the engine knows only when it was made',
    );
    await service.kill();
    const after = await start();
    t.strictSame(await prune(after), [], 'and is remembered by another process');
    clock.advance(2 * DAY);
    t.strictSame(await prune(after), [['ccache', null]]);
    t.strictSame(world.caches.get('h1'), []);
    t.strictSame(
      after.collaborators.standing.get().cacheUses,
      { h1: {} },
      'nothing is left of them',
    );
  },
);

t.test('caches beyond the size go, and what the engine keeps is told', async (t) => {
  const { world, clock, service } = await stage(t, {
    templates: [CACHED],
    hosts: ['h1', 'h2'],
    caches: { days: null, bytes: 1500 },
  });
  const { collaborators } = service;
  await service.seconds(1);
  world.caches.set('h1', [volume('old', clock), volume('busy', clock, { isInUse: true })]);
  world.caches.set('h2', [volume('small', clock)]);
  t.match(await pruneHostCaches(collaborators), [
    { host: 'h1', name: 'old', bytes: 1000, cause: /2000 bytes, 1500 are allowed/, left: null },
  ]);
  await t.rejects(removeHostCache(collaborators, 'h1', 'busy'), { code: 'CACHE_IN_USE' });
  await t.rejects(removeHostCache(collaborators, 'h1', 'old'), { code: 'NOT_FOUND' });
  await t.rejects(removeHostCache(collaborators, 'h3', 'old'), { code: 'NOT_FOUND' });
  t.match(await removeHostCache(collaborators, 'h2', 'small'), { name: 'small' });
  world.away.add('h2');
  t.match(await listCaches(collaborators), [{ silent: null }, { silent: /no answer/, caches: [] }]);
  t.strictSame(await pruneHostCaches(collaborators), []);
  await t.rejects(removeHostCache(collaborators, 'h2', 'x'), { code: 'AGENT_UPSTREAM' });
  await service.loops.reconcileNow();
  t.match((await listCaches(collaborators))[1], { silent: /no answer/ }, 'it is not asked again');
});

const REFRESH = 3_600_000;

t.test('images are fetched before a build waits, as their policy says', async (t) => {
  const { world, clock, service } = await stage(t, {
    templates: [
      someTemplate({ image: 'r/noble', pull: 'missing' }),
      someTemplate({ name: 'big', image: 'r/noble', pull: 'always', digest: 'b' }),
      someTemplate({ name: 'far', image: 'r/far', pull: 'never', hosts: ['h2'], digest: 'f' }),
      someTemplate({ name: 'arm', image: 'r/arm', pull: 'always', arch: 'aarch64', digest: 'a' }),
    ],
    hosts: ['h1', 'h2'],
  });
  const images = new ImageRefreshing(service.collaborators, REFRESH);
  t.teardown(() => images.stop());
  const look = async () => {
    world.fetched.length = 0;
    images.lookNow();
    await images.quiet();
    return [...world.fetched].sort();
  };
  t.strictSame(await look(), [], 'nothing is known of the hosts yet');
  await service.seconds(1);
  const all = ['h1 r/noble always', 'h2 r/far never', 'h2 r/noble always'];
  t.strictSame(await look(), all, 'each once, and where an agent may be made');
  t.strictSame(await look(), []);
  clock.advance(REFRESH);
  t.strictSame(await look(), all, 'and again');
  service.collaborators.situation.templates = [someTemplate({ image: 'r/new', pull: 'missing' })];
  t.strictSame(
    await look(),
    ['h1 r/new missing', 'h2 r/new missing'],
    'a changed template at once',
  );
  await service.collaborators.standing.change((one) => ({ ...one, drainedHosts: ['h1'] }));
  world.away.add('h2');
  clock.advance(REFRESH);
  await service.loops.reconcileNow();
  t.strictSame(await look(), [], 'not on a drained host, nor on a silent one');
});

t.test('an image that cannot be had is told before anybody waits for it', async (t) => {
  const template = someTemplate({ image: 'r/noble', pull: 'missing' });
  const { world, clock, service } = await stage(t, { templates: [template] });
  const { collaborators, loops, log } = service;
  const images = new ImageRefreshing(collaborators, REFRESH);
  const problems = () => agentProblems(collaborators, loops);
  const look = async () => {
    images.lookNow();
    await images.quiet();
  };
  world.images.set('h1 r/noble', { kind: 'pull-failed', reason: 'registry: 503' });
  await service.seconds(1);
  for (let second = 0; second < 600; second += 1) {
    await look();
    clock.advance(1000);
  }
  t.strictSame(problems(), ['image r/noble on host h1: registry: 503']);
  t.ok(world.fetched.length > 5 && world.fetched.length < 25, `${world.fetched.length} tries`);
  const said = log.lines.filter((line) => JSON.stringify(line).includes('cannot be fetched'));
  t.equal(said.length, 1, 'the log is not filled with it');
  world.images.delete('h1 r/noble');
  clock.advance(60_000);
  await look();
  t.strictSame(problems(), []);
  t.equal(collaborators.situation.images.digest('h1', 'r/noble'), 'sha256:1');

  clock.advance(REFRESH);
  await collaborators.standing.change((one) => {
    const until = new Date(clock.now().getTime() + 300_000).toISOString();
    const brake = { templateDigest: template.digest, failures: 5, reason: 'x', until };
    return { ...one, brakes: { [template.name]: brake } };
  });
  const before = world.fetched.length;
  await look();
  t.equal(world.fetched.length, before, 'not while the brake of its template holds');
  clock.advance(300_000);
  await look();
  t.equal(world.fetched.length, before + 1);
});

t.test('a newer image replaces idle agents of its host, and of no other', async (t) => {
  const { world, clock, service } = await stage(t, {
    templates: [someTemplate({ image: 'r/noble', pull: 'always', minIdle: 2, uses: null })],
    hosts: ['h1', 'h2'],
  });
  const images = new ImageRefreshing(service.collaborators, REFRESH);
  const present = () =>
    service.collaborators.agents
      .all()
      .filter(isPresent)
      .map(({ host, imageDigest, state }) => `${host} ${imageDigest} ${state}`)
      .sort();
  world.images.set('h1 r/noble', 'sha256:1');
  world.images.set('h2 r/noble', 'sha256:2');
  await service.seconds(60);
  t.strictSame(present(), ['h1 sha256:1 idle', 'h2 sha256:2 idle']);
  t.equal(world.created, 2, 'two machines with two versions do not chase each other');
  world.images.set('h1 r/noble', 'sha256:3');
  clock.advance(REFRESH);
  images.lookNow();
  await images.quiet();
  await service.seconds(10);
  t.strictSame(present(), ['h1 sha256:3 idle', 'h2 sha256:2 idle']);
  t.equal(world.created, 3);
});

t.test('it looks by itself, and ends without waiting for the next time', async (t) => {
  const { world, clock, service } = await stage(t, {
    templates: [someTemplate({ image: 'r/noble', pull: 'always' })],
  });
  await service.seconds(1);
  const images = new ImageRefreshing(service.collaborators, REFRESH);
  images.start();
  await images.quiet();
  t.equal(world.fetched.length, 1);
  clock.advance(REFRESH);
  await images.quiet();
  t.equal(world.fetched.length, 2);
  clock.advance(REFRESH);
  images.lookNow();
  await images.quiet();
  t.equal(world.fetched.length, 3, 'what is under way is not begun again');
  const { situation } = service.collaborators;
  world.away.add('h1');
  clock.advance(REFRESH);
  await images.quiet();
  t.match(situation.host('h1'), { awayReason: /no answer/ }, 'a host that is silent is');
  t.strictSame(situation.images.failing, [], 'its images are not to blame');
  world.away.clear();
  await service.loops.reconcileNow();
  await images.stop();
  clock.advance(2 * REFRESH);
  t.equal(world.fetched.length, 3);
});

t.test('tables say what is in the way', async (t) => {
  const template = {
    ...{ name: 'noble', digest: 'd', image: 'r/noble', image_digests: {}, labels: ['noble'] },
    ...{ min_idle: 0, max_idle: null, cap: 4, weight: 1, states: { busy: 2, idle: 1 } },
    ...{ drained: true, refused: [{ reason: 'its cap of 4 is reached', count: 3 }] },
    brake: { failures: 5, reason: 'no image', until: '2026-01-01T00:05:00Z', quarantined: true },
  };
  t.match(
    templatesText([template], ['t.yaml:1: a: image: is missing']),
    /noble +r\/noble +2 busy, 1 idle of 4 +drained; in quarantine until 2026-01-01T00:05:00Z: no image; 3 refused: its cap[^]*\nmistake: t\.yaml:1/,
  );
  const host = {
    ...{ name: 'far', kind: 'docker', labels: [], cap: null, allow: [], archs: null, cpus: null },
    ...{ memory_bytes: null, version: null, drained: false, states: {} },
    ...{ away: 'no route', away_since: '2026-01-01T00:00:00Z' },
  };
  t.match(
    hostsText([host]),
    /far +docker +- +- +none +does not answer since 2026-01-01T00:00:00Z: no route/,
  );
  const left = { host: 'far', name: 'ccache', bytes: 2e9, cause: 'old', left: 'volume is in use' };
  t.match(prunedText([left]), /^left +far +ccache +2.0 GB +old; but volume is in use\n$/);
});
