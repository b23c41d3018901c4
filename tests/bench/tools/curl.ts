import type { CorpusFile } from '../corpus/corpus.ts';
import { runTool } from '../run-tool.ts';

/** Uploads files one after the other over one connection. Keys go by standard input, never by argv. */
export async function curlUpload(
  files: readonly CorpusFile[],
  urlOf: (file: CorpusFile) => string,
  credentials: string | null,
): Promise<void> {
  const transfers = files.flatMap((file) => [
    `url = "${urlOf(file)}"`,
    `upload-file = "${file.path}"`,
    'output = "/dev/null"',
  ]);
  const user = credentials === null ? [] : [`user = "${credentials}"`];
  const input = ['fail', 'silent', 'show-error', 'globoff', ...user, ...transfers].join('\n');
  await runTool('curl', ['-q', '-K', '-'], { input });
}

/** Downloads to nowhere; answers bytes per second as curl saw them. */
export async function curlDownload(url: string): Promise<number> {
  const wanted = ['-sSf', '-o', '/dev/null', '-w', '%{size_download} %{time_total}'];
  const [bytes, seconds] = (await runTool('curl', ['-q', ...wanted, url])).split(' ').map(Number);
  if (bytes === undefined || seconds === undefined) throw new Error('curl told no figures');
  return bytes / seconds;
}
