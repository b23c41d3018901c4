import t from 'tap';
import { eventOf } from '../fixtures/shaman-payloads.ts';
import { startTestShaman } from '../fixtures/shaman.ts';
import { oneOf, seeded } from '../soak/soak.ts';

const CHANGES = 80;
const SEED = 11;

interface Told {
  readonly project: string;
  readonly ref: string;
  readonly sha1: string;
  readonly version: string;
  readonly status: string;
  readonly count: number;
}

const QUESTIONS: readonly { query: string; fits: (told: Told) => boolean }[] = [
  { query: '', fits: () => true },
  { query: 'status=ready', fits: ({ status }) => status === 'ready' },
  { query: 'project=ceph', fits: ({ project }) => project === 'ceph' },
  {
    query: 'project=ceph&ref=main&status=ready&distros=ubuntu%2F22.04%2Fx86_64',
    fits: ({ project, ref, status, version }) =>
      `${project} ${ref} ${status} ${version}` === 'ceph main ready jammy',
  },
  {
    query: 'ref=main&project=ceph',
    fits: ({ project, ref }) => `${project} ${ref}` === 'ceph main',
  },
  { query: 'project=ceph&sha1=b', fits: ({ project, sha1 }) => `${project} ${sha1}` === 'ceph b' },
  { query: 'project=other&flavor=default', fits: ({ project }) => project === 'other' },
  { query: 'project=ceph&flavor=crimson', fits: () => false },
];

t.test('a search that is asked again and again says what is so now', async (t) => {
  const shaman = await startTestShaman(t);
  const random = seeded(SEED);
  /** Newest last. */
  const records = new Map<string, Told>();
  const firstSeen = new Map<string, number>();
  const counts = async (query: string) => {
    const rows = (await shaman.json(`/api/search/?${query}`)) as { extra: { count: number } }[];
    return rows.map(({ extra }) => extra.count);
  };
  const expected = (fits: (told: Told) => boolean) =>
    [...records.values()]
      .reverse()
      .filter(fits)
      .map(({ count }) => count);
  for (let count = 0; count < CHANGES; count += 1) {
    const told = {
      project: oneOf(['ceph', 'ceph', 'other'], random),
      ref: oneOf(['main', 'main', 'wip/x'], random),
      sha1: oneOf(['a', 'b', 'c'], random),
      version: oneOf(['jammy', 'noble'], random),
      status: oneOf(['building', 'ready', 'ready', 'failed', 'deleted'], random),
      count,
    };
    const { project, ...fields } = told;
    const event = eventOf({ ...fields, host: `${project}.test` });
    const answer = await shaman.post(`/api/repos/${project}/`, { ...event, extra: { count } });
    if (answer.status !== 200) throw new Error(await answer.text());
    records.delete(event.chacra_url);
    if (told.status !== 'deleted') {
      records.set(event.chacra_url, told);
      const key = `${told.ref} ${told.sha1}`;
      if (project === 'ceph' && !firstSeen.has(key)) firstSeen.set(key, count);
    }
    const found = await Promise.all(QUESTIONS.map(({ query }) => counts(query)));
    const wanted = QUESTIONS.map(({ fits }) => expected(fits));
    t.same(found, wanted, `after change ${count}`);
    const ready = (told: Told) =>
      `${told.project} ${told.ref} ${told.status}` === 'ceph main ready';
    const latest = [...records.values()]
      .filter(ready)
      .map(({ sha1 }) => sha1)
      .sort((a, b) => (firstSeen.get(`main ${b}`) ?? 0) - (firstSeen.get(`main ${a}`) ?? 0))[0];
    t.same(
      await counts('project=ceph&ref=main&status=ready&sha1=latest'),
      expected((told) => ready(told) && told.sha1 === latest),
      'latest',
    );
  }
});
