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
    // One core for the server: what it answers is then what one core answers.
    const prefix = ['taskset', '-c', '0'];
    const server = await startServer({
      folder: bench.folder('serve'),
      signing: 'ed25519',
      prefix,
    });
    const client = new Client(server);
    const target = debTarget('e0');
    for (const file of [large, ...debs.files.slice(-59)])
      await client.upload(target, file.name, file);
    await client.publish(target);
    const nginx = await startNginx(bench.folder('serve-nginx'), servingFolder(debs.folder));
    const download = (url: string) => () => curlDownload(url);
    const folder = bench.folder('serve-load');
    // By the CPU that the server used: what its one core answers when nobody takes it away.
    const index = (path: string) => async () =>
      (await answered(server, { paths: [path], seconds: SECONDS, folder })).perCpuSecond;
    const packages = `${publishedPath(target)}dists/bookworm/main/binary-amd64/Packages.gz`;
    try {
      const binary = new URL(binariesPath(target) + encodeURIComponent(large.name), server.url);
      const { ours, theirs, inRelease, gz } = await interleaved(
        bench,
        {
          ours: download(binary.href),
          theirs: download(`${nginx.url}${encodeURIComponent(large.name)}`),
          inRelease: index(entryPath(target)),
          gz: index(packages),
        },
        count,
      );
      const megabytes = (rate: number) => `${Math.round(rate / 1e6)} MB/s`;
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
      client.close();
      await nginx.stop();
      await server.stop();
    }
  },
};
