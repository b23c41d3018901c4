import fc from 'fast-check';
import t from 'tap';
import { assignPlaces } from '../../node-agent/rules/assign-agents.ts';
import { buildPath } from '../../node-agent/rules/build-path.ts';
import { chooseTemplate, nearestTemplates } from '../../node-agent/rules/choose-template.ts';
import type { Demand } from '../../node-agent/rules/demand.ts';
import { failingAtoms } from '../../node-agent/rules/failing-atoms.ts';
import type { QueueItem } from '../../node-agent/rules/jenkins-facts.ts';
import { atomsOf, matchesLabel, parseLabel, printLabel } from '../../node-agent/rules/label.ts';
import type { LabelExpression } from '../../node-agent/rules/label.ts';
import { mergeNeeds } from '../../node-agent/rules/merge-needs.ts';
import { wishOf } from '../../node-agent/rules/queue-wish.ts';
import { readWhy } from '../../node-agent/rules/read-why.ts';

const CEPH = '(installed-os-centos9||installed-os-noble)&&x86_64&&gigantic';

/** Whether labels match an expression that must be readable. */
function matches(expression: string, ...labels: string[]): boolean {
  const label = parseLabel(expression);
  if (label === null) throw new Error(`cannot read ${expression}`);
  return matchesLabel(label, new Set(labels));
}

const atom = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'x86_64', 'installed-os-noble', 'a-', '-', '10.0.0.1+x__y', 'ä'),
  fc.string({ minLength: 1, maxLength: 6 }).filter((text) => !/[\r\n]/.test(text)),
);
const expression = fc.letrec<{
  iff: LabelExpression;
  implies: LabelExpression;
  or: LabelExpression;
  and: LabelExpression;
  not: LabelExpression;
  single: LabelExpression;
}>((tie) => {
  const pair = (kind: 'iff' | 'or' | 'and', below: fc.Arbitrary<LabelExpression>) =>
    fc.oneof(
      { weight: 3, arbitrary: below },
      {
        weight: 1,
        arbitrary: fc
          .tuple(below, below, fc.option(below, { nil: null }))
          .map(([left, right, more]): LabelExpression => {
            const two: LabelExpression = { kind, left, right };
            return more === null ? two : { kind, left: two, right: more };
          }),
      },
    );
  return {
    iff: pair('iff', tie('implies')),
    implies: fc.oneof(
      tie('or'),
      fc
        .tuple(tie('or'), tie('or'))
        .map(([left, right]): LabelExpression => ({ kind: 'implies', left, right })),
    ),
    or: pair('or', tie('and')),
    and: pair('and', tie('not')),
    not: fc.oneof(
      tie('single'),
      tie('single').map((of): LabelExpression => ({ kind: 'not', of })),
    ),
    single: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'label' },
      atom.map((name): LabelExpression => ({ kind: 'atom', name })),
      tie('iff').map((of): LabelExpression => ({ kind: 'group', of })),
    ),
  };
}).iff;

t.test('label expressions are read as Jenkins reads them', async (t) => {
  t.test('what is printed is read back, with blanks anywhere between', async () => {
    fc.assert(
      fc.property(
        expression,
        fc.infiniteStream(fc.constantFrom('', ' ', '\t ')),
        (label, blanks) => {
          const printed = printLabel(label);
          t.strictSame(parseLabel(printed), label, printed);
          const spaced = printed.replace(
            /"(?:\\.|[^"\\])*"|<->|->|\|\||&&|!|\(|\)/g,
            (token) => `${blanks.next().value}${token}${blanks.next().value}`,
          );
          t.strictSame(parseLabel(spaced), label, spaced);
        },
      ),
      { numRuns: 300 },
    );
  });
  t.test('operators mean what logic says, by every combination of labels', async () => {
    const meaning: Record<string, (a: boolean, b: boolean, c: boolean) => boolean> = {
      'a||b&&c': (a, b, c) => a || (b && c),
      'a&&b||c': (a, b, c) => (a && b) || c,
      '!a&&b||c': (a, b, c) => (!a && b) || c,
      '!(a||b)&&c': (a, b, c) => !(a || b) && c,
      'a->b||c': (a, b, c) => !a || b || c,
      'a || b -> c': (a, b, c) => !(a || b) || c,
      'a<->b->c': (a, b, c) => a === (!b || c),
      'a->b<->c': (a, b, c) => (!a || b) === c,
      'a<->b<->c': (a, b, c) => (a === b) === c,
      '(a->b)->c': (a, b, c) => !(!a || b) || c,
    };
    for (const [text, law] of Object.entries(meaning)) {
      for (let bits = 0; bits < 8; bits += 1) {
        const [a, b, c] = [1, 2, 4].map((bit) => (bits & bit) > 0) as [boolean, boolean, boolean];
        const labels = Object.entries({ a, b, c }).flatMap(([name, is]) => (is ? [name] : []));
        t.equal(matches(text, ...labels), law(a, b, c), `${text} with ${labels.join(' ')}`);
      }
    }
  });
  t.test('hyphens, arrows, quotes and the label of ceph', async () => {
    t.ok(matches(CEPH, 'installed-os-noble', 'x86_64', 'gigantic'));
    t.notOk(matches(CEPH, 'installed-os-noble', 'x86_64', 'huge'));
    t.notOk(matches('a-b->c', 'a-b'), 'a hyphen in a name, then an arrow');
    t.ok(matches('a->b', 'x'));
    t.strictSame(atomsOf(parseLabel('a-->b') ?? fail()), ['a-', 'b']);
    t.strictSame(atomsOf(parseLabel('a<->b-') ?? fail()), ['a', 'b-']);
    t.ok(matches('"my label" && x86_64', 'my label', 'x86_64'));
    t.ok(matches(String.raw`"a\"b\\c\td"`, 'a"b\\c\td'));
    t.equal(printLabel(parseLabel(' huge && "jammy" ') ?? fail()), 'huge&&jammy');
    t.equal(printLabel(parseLabel('"my label"&&(a)') ?? fail()), '"my label"&&(a)');
  });
  t.test('what Jenkins refuses is refused, and nothing takes long', async () => {
    for (const text of [
      '',
      ' ',
      '&&',
      'a b',
      'a&&',
      '!',
      '!!a',
      'a->b->c',
      '(a',
      'a)',
      '"a',
      "it's",
    ]) {
      t.equal(parseLabel(text), null, text);
    }
    t.equal(parseLabel('('.repeat(4000)), null, 'deep');
    t.equal(parseLabel('a&&'.repeat(2000)), null, 'long');
    fc.assert(fc.property(fc.string(), (text) => parseLabel(text) === null || true));
  });
});

function fail(): never {
  throw new Error('cannot be read');
}

t.test('a label that does not match names what is missing', async (t) => {
  const missing = (text: string, ...labels: string[]) =>
    failingAtoms(parseLabel(text) ?? fail(), new Set(labels));
  t.strictSame(missing('huge&&jammy&&!arm64', 'jammy', 'arm64'), ['huge', '!arm64']);
  t.strictSame(missing(CEPH, 'installed-os-noble', 'x86_64', 'huge'), ['gigantic']);
  t.strictSame(missing('a->b', 'a'), ['!a']);
  t.strictSame(missing('(a&&b&&c)||d'), ['d'], 'the shorter way');
  fc.assert(
    fc.property(expression, fc.uniqueArray(atom, { maxLength: 4 }), (label, labels) => {
      const before = new Set(labels);
      const lacking = failingAtoms(label, before);
      t.equal(lacking.length === 0, matchesLabel(label, before), 'none exactly when it matches');
      const names = new Set(atomsOf(label));
      t.ok(lacking.every((name) => names.has(name) || names.has(name.slice(1))));
    }),
  );
  // Whoever may write a Jenkinsfile writes labels, and they are judged at every look at the queue.
  let asked = 0;
  class Counted extends Set<string> {
    override has(name: string): boolean {
      asked += 1;
      return super.has(name);
    }
  }
  for (const sign of ['&&', '||', '<->']) {
    const names = Array.from({ length: 600 }, (_, i) => `n${i.toString(36)}`);
    const long = parseLabel(names.join(sign)) ?? fail();
    asked = 0;
    const lacking = failingAtoms(long, new Counted());
    t.equal(asked, names.length, 'each name is looked at once');
    t.equal(lacking.length, { '&&': 600, '||': 1, '<->': 0 }[sign]);
    t.strictSame(atomsOf(long), names);
  }
});

t.test('the choice of a template is the same each time', async (t) => {
  const templates = [
    { name: 'noble-huge', labels: ['noble', 'x86_64', 'huge', 'docker'], weight: 3 },
    { name: 'noble-b', labels: ['noble', 'x86_64'], weight: 1 },
    { name: 'noble-a', labels: ['noble', 'amd64'], weight: 1 },
    { name: 'noble-light', labels: ['noble', 'arm64'], weight: 0.5 },
  ];
  const chosen = (text: string, hint: string | null = null) =>
    chooseTemplate(parseLabel(text) ?? fail(), templates, hint)?.name;
  t.equal(chosen('noble'), 'noble-light', 'equally few surplus labels: the lighter one');
  t.equal(chosen('noble&&!arm64'), 'noble-a', 'then by name');
  t.equal(chosen('huge'), 'noble-huge');
  t.equal(chosen('noble', 'noble-huge'), 'noble-huge', 'a hint that matches');
  t.equal(chosen('arm64', 'noble-huge'), 'noble-light', 'a hint that does not');
  t.equal(chosen('jammy'), undefined);
  t.strictSame(nearestTemplates(parseLabel('noble&&huge&&jammy') ?? fail(), templates)[0], {
    template: 'noble-huge',
    failing: ['jammy'],
  });
  fc.assert(
    fc.property(fc.shuffledSubarray(templates, { minLength: 4 }), (shuffled) => {
      t.equal(chooseTemplate(parseLabel('x86_64') ?? fail(), shuffled, null)?.name, 'noble-b');
    }),
  );
});

const label = fc
  .stringMatching(/^[a-z0-9_.()&|!+-]{1,20}$/)
  .filter((text) => !text.includes('->') && !text.includes('<-'));
const nodeName = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);

t.test('every reason that Jenkins gives is understood', async (t) => {
  const quoted = (text: string) => [`‘${text}’`, text];
  fc.assert(
    fc.property(label, nodeName, (wanted, node) => {
      for (const l of quoted(wanted)) {
        const asked = { kind: 'label', label: wanted };
        t.strictSame(readWhy(`There are no nodes with the label ${l}`), asked);
        t.strictSame(readWhy(`All nodes of label ${l} are offline`), asked);
        t.strictSame(readWhy(`Waiting for next available executor on ${l}`), {
          kind: 'label-or-node',
          name: wanted,
        });
        for (const n of quoted(node)) {
          t.strictSame(readWhy(`${n} is offline`), { kind: 'node', node });
          t.strictSame(readWhy(`${n} doesn’t have label ${l}`), asked);
          t.strictSame(readWhy(`${n} doesn't have label ${l}`), asked);
          t.strictSame(
            readWhy(`‘a’ is offline; ${n} doesn’t have label ${l}; ... and 7 more`),
            asked,
          );
          t.strictSame(
            readWhy(
              `part of rp #1 should be allowed to run first; ‘anchor’ doesn’t have label ${l}; ${n} doesn’t have label ${l}; ‘p1’ is offline`,
            ),
            asked,
          );
        }
      }
    }),
  );
  for (const why of [
    ...['In the quiet period. Expires in 28 sec', 'In the quiet period. Expires in 88 ms'],
    ...['Finished waiting', 'Build #1 is already in progress (ETA: N/A)', 'Blocked by ‘X’'],
    ...['Jenkins is about to shut down', 'A build is already in progress'],
  ]) {
    t.strictSame(readWhy(why), { kind: 'not-yet' }, why);
  }
  t.strictSame(readWhy('Waiting for next available executor'), { kind: 'any' });
  t.strictSame(
    readWhy(
      '‘anchor’ is reserved for jobs with matching label expression; ‘n3’ is reserved for jobs with matching label expression',
    ),
    { kind: 'any' },
  );
  for (const why of [
    ...['Warte auf den nächsten freien Build-Prozessor auf n1', '‘n1’ ist offline'],
    ...['Es gibt keine Knoten mit dem Label „jammy“', 'n1 çevrimdışı', ''],
    ...[
      'Alle Knoten des Labels „jammy“ sind offline',
      'Bir sonraki uygun yapılandırıcı bekleniyor',
    ],
    ...['‘a’ is offline; ‘b’ is offline', '‘a’ doesn’t have label ‘x’; ‘b’ doesn’t have label ‘y’'],
    ...['The resource [lab] is locked by build x #1', 'Must run on a not b'],
  ]) {
    t.strictSame(readWhy(why), { kind: 'unknown' }, why);
  }
  t.strictSame(readWhy(null), { kind: 'unknown' });
  fc.assert(fc.property(fc.string(), (why) => readWhy(why).kind !== 'label'));
});

t.test('builds are known by their path, however they are addressed', async (t) => {
  for (const [text, path] of [
    ['job/a/1/', 'job/a/1/'],
    ['http://jenkins.example:8080/job/a/1', 'job/a/1/'],
    ['https://x/jenkins/job/fold/job/in/7/?a#b', 'job/fold/job/in/7/'],
    ['/job/my%20job/', 'job/my%20job/'],
  ] as const) {
    t.equal(buildPath(text), path, text);
  }
  for (const text of ['', 'http://job/', 'http://x/view/all/', 'jobs/a/'])
    t.equal(buildPath(text), null);
});

let nextId = 1;
function block(build: string, why: string | null, more: Partial<QueueItem> = {}): QueueItem {
  return {
    id: nextId++,
    kind: 'buildable',
    why,
    inQueueSince: 1000,
    pending: false,
    stuck: true,
    task: { kind: 'block', name: `part of ${build}`, path: build, labelExpression: null },
    ...more,
  };
}

function demand(build: string | null, wanted: string, id = `d${nextId++}`): Demand {
  return {
    id,
    label: wanted,
    build,
    block: id,
    hint: null,
    created: '2026-01-01T00:00:00Z',
    expires: '2026-01-01T01:00:00Z',
  };
}

const noNodes = (wanted: string) => `There are no nodes with the label ‘${wanted}’`;

t.test('items say what they want', async (t) => {
  const nodes = new Map([
    ['t1-abc', { template: 't1', labels: ['x'], awaitedBy: 'job/r/1/' }],
    ['metal', { template: null, labels: ['big iron', 'x86_64'], awaitedBy: null }],
  ]);
  const project = (labelExpression: string | null) =>
    block('', 'Waiting for next available executor', {
      task: { kind: 'project', name: 'fs', path: 'job/fs/', labelExpression },
    });
  const wish = (item: QueueItem) => wishOf(item, nodes);
  t.strictSame(wish(project(' huge && jammy ')), { kind: 'label', label: ' huge && jammy ' });
  t.equal(wish(project(null)).kind, 'nothing');
  t.equal(wish(block('b', noNodes('x'), { kind: 'waiting' })).kind, 'nothing');
  t.equal(wish(block('b', noNodes('x'), { pending: true })).kind, 'nothing');
  t.strictSame(wish(block('b', '‘t1-abc’ is offline')), { kind: 'template', template: 't1' });
  t.strictSame(wish(block('b', 'Waiting for next available executor on ‘t1-abc’')), {
    kind: 'template',
    template: 't1',
  });
  t.equal(wish(block('job/r/1/', '‘t1-abc’ is offline')).kind, 'nothing', 'it resumes there');
  t.strictSame(wish(block('b', 'Waiting for next available executor on ‘jammy&&huge’')), {
    kind: 'label',
    label: 'jammy&&huge',
  });
  const metal = wish(block('b', '‘metal’ is offline'));
  t.ok(metal.kind === 'label' && matches(metal.label, 'big iron', 'x86_64'));
  t.equal(wish(block('b', 'Waiting for next available executor')).kind, 'unknown');
});

t.test('a demand and the item of its block are one need', async (t) => {
  const none = new Map<string, never>();
  const counted = (demands: Demand[], items: QueueItem[]) =>
    mergeNeeds(demands, items, none).needs.length;
  t.equal(counted([demand('b', 'huge && jammy')], [block('b', noNodes('huge&&jammy'))]), 1);
  t.equal(counted([demand('b', 'x')], []), 1, 'its block is about to queue');
  t.equal(counted([], [block('b', noNodes('x'))]), 1, 'an item alone');
  t.equal(counted([], [block('b', 'etwas anderes')]), 0, 'an item that nobody can read');
  t.equal(counted([demand('b', 'x')], [block('b', 'etwas anderes')]), 1);
  t.equal(counted([demand('b', 'x')], [block('c', noNodes('x'))]), 2, 'two builds');
  t.equal(counted([demand('b', 'x')], [block('b', noNodes('y'))]), 2, 'two blocks of one build');
  t.equal(counted([demand(null, 'x')], [block('b', noNodes('x'))]), 1);
  t.test('any mixture counts each block once', async () => {
    const shape = fc.record({
      build: fc.constantFrom('a', 'b', 'c'),
      label: fc.constantFrom('x', 'y&&z', 'w'),
      announced: fc.boolean(),
      queued: fc.boolean(),
      readable: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(shape, { maxLength: 12 }), fc.nat(), (blocks, seed) => {
        const demands = blocks.flatMap((one, i) =>
          one.announced ? [demand(one.build, one.label, `d${i}`)] : [],
        );
        const items = blocks
          .filter(({ queued }) => queued)
          .map(({ build, label: wanted }) => block(build, noNodes(wanted)));
        items.sort((a, b) => ((a.id * (seed + 7)) % 13) - ((b.id * (seed + 7)) % 13));
        const { needs, lines } = mergeNeeds(demands, items, none);
        // Of blocks of one build with one label, as many are needed as were announced or queued at once.
        const by = (list: { build: string; label: string }[]) => {
          const counts = new Map<string, number>();
          for (const one of list) {
            const key = `${one.build} ${one.label}`;
            counts.set(key, (counts.get(key) ?? 0) + 1);
          }
          return counts;
        };
        const announced = by(blocks.filter((one) => one.announced));
        const queued = by(blocks.filter((one) => one.queued));
        let expected = 0;
        for (const key of new Set([...announced.keys(), ...queued.keys()])) {
          expected += Math.max(announced.get(key) ?? 0, queued.get(key) ?? 0);
        }
        t.equal(needs.length, expected);
        t.equal(lines.length, items.length, 'every item is listed');
        t.equal(new Set(needs.map((need) => need.demand ?? need.item)).size, needs.length);
      }),
    );
  });
});

t.test('places are given to as many as possible', async (t) => {
  t.strictSame(assignPlaces([[0, 1], [0]], [1, 1]), [1, 0], 'who has a choice makes room');
  fc.assert(
    fc.property(
      fc.array(fc.uniqueArray(fc.nat({ max: 3 }), { maxLength: 4 }), { maxLength: 6 }),
      fc.array(fc.nat({ max: 2 }), { minLength: 4, maxLength: 4 }),
      (askers, places) => {
        const given = assignPlaces(askers, places);
        const used = places.map((_, group) => given.filter((each) => each === group).length);
        t.ok(
          used.every((count, group) => count <= (places[group] ?? 0)),
          'no place twice',
        );
        t.ok(given.every((group, i) => group === null || askers[i]?.includes(group)));
        t.equal(given.filter((group) => group !== null).length, most(askers, places));
      },
    ),
  );
});

/** The largest number that can be served, by trying everything. */
function most(askers: readonly (readonly number[])[], places: readonly number[]): number {
  const [first, ...rest] = askers;
  if (first === undefined) return 0;
  const served = first
    .filter((group) => (places[group] ?? 0) > 0)
    .map(
      (group) =>
        1 +
        most(
          rest,
          places.map((count, i) => (i === group ? count - 1 : count)),
        ),
    );
  return Math.max(most(rest, places), ...served);
}
