import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '../client.ts';
import { interleaved } from '../pairs.ts';
import type { Finding, Row } from '../row.ts';
import { startServer } from '../server.ts';
import { count, median, spread } from '../statistics.ts';
import { binariesPath, debTarget, entryPath, publishedPath } from '../target.ts';
import { curlDownload } from '../tools/curl.ts';
import { servingFolder, startNginx } from '../tools/nginx.ts';
import { answered } from './shaman-load.ts';

const REQUESTS_PER_SECOND = 15_000;
const SECONDS = 4;
const DOWNLOADS = 4;
/** These runs are short and scatter much. */
const LEAST_DOWNLOAD_RUNS = 21;

/** Downloads of one large package, and of the small index files that every client asks for first. */
export const serve: Row = {
  name: 'serve',
  needs: [
    ['nginx', 'nginx-light'],
    ['curl', 'curl'],
    ['taskset', 'util-linux'],
  ],
  async run(bench): Promise<Finding[]> {
    const debs = await bench.debs();
    const [large] = debs.files;
    if (large === undefined) throw new Error('the corpus is empty');
    const target = debTarget('e0');
    const start = async (name: string, prefix: readonly string[]) => {
      const folder = bench.folder(name);
      const server = await startServer({ folder, signing: 'ed25519', prefix });
      const client = new Client(server);
      for (const file of [large, ...debs.files.slice(-59)])
        await client.upload(target, file.name, file);
      await client.publish(target);
      client.close();
      return server;
    };
    const server = await start('serve', []);
    // One core for the server: what it answers is then what one core answers.
    const onOneCore = await start('serve-on-one-core', ['taskset', '-c', '0']);
    // On tmpfs as ours: from the page cache of some disks sendfile is quicker, from others slower.
    const files = bench.folder('serve-files');
    copyFileSync(large.path, join(files, large.name));
    const nginx = await startNginx(bench.folder('serve-nginx'), servingFolder(files));
    // The first does not count: memory that lay still while the others ran may be slow for a while.
    const download = (url: string) => async () => {
      const rates: number[] = [];
      for (let time = 0; time < DOWNLOADS; time += 1) rates.push(await curlDownload(url));
      return median(rates.slice(1));
    };
    const folder = bench.folder('serve-load');
    // By the CPU that the server used: what its one core answers when nobody takes it away.
    const index = (path: string) => async () =>
      (await answered(onOneCore, { paths: [path], seconds: SECONDS, folder })).perCpuSecond;
    const packages = `${publishedPath(target)}dists/bookworm/main/binary-amd64/Packages.gz`;
    try {
      const binary = new URL(binariesPath(target) + encodeURIComponent(large.name), server.url);
      const megabytes = (rate: number) => `${Math.round(rate / 1e6)} MB/s`;
      const { ours, theirs } = await interleaved(
        { runs: Math.max(bench.runs, LEAST_DOWNLOAD_RUNS), say: bench.say },
        {
          ours: download(binary.href),
          theirs: download(`${nginx.url}${encodeURIComponent(large.name)}`),
        },
        megabytes,
      );
      const { inRelease, gz } = await interleaved(
        bench,
        { inRelease: index(entryPath(target)), gz: index(packages) },
        count,
      );
      const ratio = median(ours.map((rate, run) => rate / (theirs[run] ?? Number.NaN)));
      const perSecond = (rate: number) => `${count(rate)}/s`;
      return [
        {
          what: `download of ${megabytes(large.size)}, one stream`.replace('/s', ''),
          ours: spread(ours, megabytes),
          beside: `nginx sendfile: ${spread(theirs, megabytes)}`,
          ratio: `${ratio.toFixed(2)}×`,
          target: '≥ 1.0×',
          reached: ratio >= 1,
        },
        ...[
          ['`InRelease`', inRelease] as const,
          [`\`Packages.gz\` of 60 packages`, gz] as const,
        ].map(([what, rates]) => ({
          what: `requests for ${what}, per second of the server's one core`,
          ours: spread(rates, perSecond),
          beside: '',
          ratio: '',
          target: `≥ ${count(REQUESTS_PER_SECOND)}/s`,
          reached: median(rates) >= REQUESTS_PER_SECOND,
        })),
      ];
    } finally {
      await nginx.stop();
      await onOneCore.stop();
      await server.stop();
    }
  },
};
