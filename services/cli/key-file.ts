import { basicAuthorization } from '../platform/auth.ts';
import { readSecret } from '../platform/credentials.ts';

/** The key stands in a file, because everybody on a machine can read arguments and many read logs. */
export async function authorizationFrom(
  keyFile: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const file = keyFile ?? env['GITBUILDER_KEY_FILE'];
  if (file === undefined || file === '') {
    throw new Error('say whose key to use: --key-file FILE, or GITBUILDER_KEY_FILE');
  }
  const line = await readSecret(file);
  const colon = line.indexOf(':');
  if (colon < 1 || colon === line.length - 1)
    throw new Error(`${file} must hold one line, user:key`);
  return basicAuthorization(line.slice(0, colon), line.slice(colon + 1));
}
