import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { repoPath } from '../../../services/domain/identity.ts';
import { Client } from '../client.ts';
import { BINARIES_PER_REPO, filledBinary, filledRepo, fillNode } from '../corpus/filled-node.ts';
import { smallDeb } from '../corpus/debs.ts';
import type { Bench, Finding, Row } from '../row.ts';
import { timed } from '../run-tool.ts';
import { startServer } from '../server.ts';
import type { Server } from '../server.ts';
import { count, duration, quantile } from '../statistics.ts';
import { debTarget } from '../target.ts';

const REPOS = 2500;
const QUICK_REPOS = 200;
const PLAN_SECONDS = 1;
const REQUEST_MILLISECONDS = 50;
/** Between two requests of a client: as many as a busy node has, not as many as it can. */
const BETWEEN_MILLISECONDS = 5;
const SECONDS_BEFORE = 3;
const RULES =
  '  retention: [{ ref: main, keepBuilds: 60, days: 1 }, { ref: "wip/*", keepBuilds: 1, days: 1 }]';
const QUICK_RULES = '  retention: [{ ref: main, keepBuilds: 4, days: 1 }]';

/** Retention over what years of builds leave, and what others notice of it. */
export const retention: Row = {
  name: 'retention',
  needs: [],
  async run(bench): Promise<Finding[]> {
    const folder = bench.folder('retention');
    const repos = bench.quick ? QUICK_REPOS : REPOS;
    const data = join(folder, 'data', 'chacra');
    const filling = await timed(() => Promise.resolve(fillNode(data, repos)));
    bench.say(`  ${repos} repositories written in ${duration(filling)}`);
    const server = await startServer({
      folder,
      signing: null,
      chacra: [bench.quick ? QUICK_RULES : RULES],
    });
    const client = new Client(server);
    try {
      return [await plan(bench, client, repos), await whileDeleting(bench, server, client, repos)];
    } finally {
      client.close();
      await server.stop();
    }
  },
};

async function plan(bench: Bench, client: Client, repos: number): Promise<Finding> {
  const seconds: number[] = [];
  for (let run = 0; run < bench.runs; run += 1) {
    seconds.push(await timed(() => client.get('/api/v1/retention')));
  }
  const most = Math.max(...seconds);
  return {
    what: `dry run of retention over ${count(repos * BINARIES_PER_REPO)} binaries in ${count(repos)} repositories`,
    ours: `${duration(Math.min(...seconds))} to ${duration(most)}`,
    beside: '',
    ratio: '',
    target: `≤ ${PLAN_SECONDS} s`,
    reached: most <= PLAN_SECONDS,
  };
}

/** What everybody else asks meanwhile: published files, a search, a repo, an upload. */
async function whileDeleting(
  bench: Bench,
  server: Server,
  client: Client,
  repos: number,
): Promise<Finding> {
  const last = repos - 1;
  const kept = repoPath(filledRepo(last));
  const { name } = filledBinary(last, 1);
  const asked = [
    `/r/${kept}/dists/${filledRepo(last).distroVersion}/Release`,
    `/r/${kept}/pool/main/c/ceph/${name}`,
    `/repos/${kept}/`,
    `/search/?name=${encodeURIComponent(name)}`,
  ];
  let seconds: number[] = [];
  let isOver = false;
  const ask = async (path: string): Promise<void> => {
    const asking = new Client(server);
    while (!isOver) {
      seconds.push(await timed(() => asking.get(path)));
      await pause(BETWEEN_MILLISECONDS);
    }
    asking.close();
  };
  const upload = async (): Promise<void> => {
    const uploading = new Client(server);
    for (let number = 0; !isOver; number += 1) {
      const deb = smallDeb(`meanwhile-${number}`, '1.0-1', 500);
      const file = `meanwhile-${number}_1.0-1_amd64.deb`;
      seconds.push(await timed(() => uploading.upload(debTarget('ee'), file, deb)));
      await pause(BETWEEN_MILLISECONDS);
    }
    uploading.close();
  };
  const others = [...asked.map(ask), upload()];
  await pause(SECONDS_BEFORE * 1000);
  const before = seconds;
  seconds = [];
  let run = await client.postJson('/api/v1/retention/run');
  const deleting = await timed(async () => {
    while (run['state'] !== 'done') {
      if (run['state'] === 'failed') throw new Error(`retention failed: ${String(run['error'])}`);
      await pause(50);
      run = JSON.parse((await client.get('/api/v1/retention/run')).body.toString()) as typeof run;
    }
  });
  isOver = true;
  await Promise.all(others);
  bench.say(`  ${String(run['deleted'])} builds deleted in ${duration(deleting)}`);
  const worst = quantile(seconds, 0.99);
  return {
    what: `a request while retention deletes ${String(run['deleted'])} builds of them, p99`,
    ours: `${duration(worst)}; p50 ${duration(quantile(seconds, 0.5))}, longest ${duration(Math.max(...seconds))} of ${count(seconds.length)}, in ${duration(deleting)}`,
    beside: `${duration(quantile(before, 0.99))}; p50 ${duration(quantile(before, 0.5))} just before`,
    ratio: '',
    target: `≤ ${REQUEST_MILLISECONDS} ms`,
    reached: worst <= REQUEST_MILLISECONDS / 1000,
  };
}
