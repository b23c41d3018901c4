import { reasonOf } from '../domain/reason.ts';
import { basicAuthorization } from '../platform/auth.ts';
import { readSecret } from '../platform/credentials.ts';
import { isMissing } from '../platform/durable-file.ts';

/** The key stands in a file, because everybody on a machine can read arguments and many read logs. */
export async function authorizationFrom(
  keyFile: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const file = keyFile ?? env['GITBUILDER_KEY_FILE'];
  if (file === undefined || file === '') {
    throw new Error('say whose key to use: --key-file FILE, or GITBUILDER_KEY_FILE');
  }
  const line = await readSecret(file).catch((cause: unknown) => {
    // What is read of a folder, or of a disk that fails, is refused without its name.
    const what = isMissing(cause) ? `there is no file ${file}` : `${file}: ${reasonOf(cause)}`;
    throw new Error(`${what}; it must hold one line, user:key`, { cause });
  });
  const colon = line.indexOf(':');
  if (colon < 1 || colon === line.length - 1)
    throw new Error(`${file} must hold one line, user:key`);
  return basicAuthorization(line.slice(0, colon), line.slice(colon + 1));
}
