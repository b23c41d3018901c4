import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout, above the sources and above what is built from them: demos run parts that only it has. */
export function checkoutFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'tests/groovy/pom.xml'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error('this demo needs a checkout of gitbuilder');
    folder = above;
  }
  return folder;
}
