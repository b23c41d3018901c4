import { Client } from '../client.ts';
import { smallDeb } from '../corpus/debs.ts';
import type { Finding, Row } from '../row.ts';
import { timed } from '../run-tool.ts';
import { startServer } from '../server.ts';
import { count, duration, quantile } from '../statistics.ts';
import { debTarget } from '../target.ts';

const BINARIES = 20_000;
const QUICK_BINARIES = 2000;
const MEASURED = 1000;
const UPLOADERS = 4;
const MILLISECONDS = 50;

/** Uploads into one repo that holds very many binaries already, one client after the other. */
export const manyBinaries: Row = {
  name: 'many-binaries',
  needs: [],
  async run(bench): Promise<Finding[]> {
    const there = bench.quick ? QUICK_BINARIES : BINARIES;
    const server = await startServer({ folder: bench.folder('many'), signing: null });
    const target = debTarget('ae');
    const clients = Array.from({ length: UPLOADERS }, () => new Client(server));
    const upload = (client: Client, index: number) => {
      const name = `many-${index}`;
      const bytes = smallDeb(name, '1.0-1', 500);
      return timed(() => client.upload(target, `${name}_1.0-1_amd64.deb`, bytes));
    };
    try {
      const filling = await timed(() =>
        Promise.all(
          clients.map(async (client, first) => {
            for (let index = first; index < there; index += UPLOADERS) await upload(client, index);
          }),
        ),
      );
      bench.say(`  ${there} binaries in ${duration(filling)}`);
      const [client] = clients;
      if (client === undefined) throw new TypeError('there is a client');
      const seconds: number[] = [];
      for (let index = 0; index < MEASURED; index += 1) {
        seconds.push(await upload(client, there + index));
      }
      const worst = quantile(seconds, 0.99);
      return [
        {
          what: `upload p99 with ${count(there)} binaries in one repo`,
          ours: `${duration(worst)}; p50 ${duration(quantile(seconds, 0.5))}, longest ${duration(Math.max(...seconds))}`,
          beside: '',
          ratio: '',
          target: `≤ ${MILLISECONDS} ms`,
          reached: worst <= MILLISECONDS / 1000,
        },
      ];
    } finally {
      for (const client of clients) client.close();
      await server.stop();
    }
  },
};
