import { BOOTSTRAP_FOLDER, type StarterOrder } from './bootstrap-order.ts';
import type { HandedFile } from './container.ts';
import { fetchFunction, SCRIPT_HEAD } from './fetch-function.ts';
import { shellWord } from './shell-word.ts';

const START = `${BOOTSTRAP_FOLDER}/start`;
const TOKEN = `${BOOTSTRAP_FOLDER}/token`;
export const SECRET = `${BOOTSTRAP_FOLDER}/secret`;

/** Command line of every agent's container: the same for all, so that it tells nothing. */
export const STARTER_COMMAND: readonly string[] = ['/bin/sh', START];

/** What must be in a container before it starts, each readable only by whom it runs as. */
export function starterFiles(order: StarterOrder): readonly HandedFile[] {
  return [
    { path: START, content: renderStarter(order), mode: 0o500 },
    { path: TOKEN, content: `${order.setupToken}\n`, mode: 0o400 },
    // agent.jar takes each line of the file as an argument of its own.
    { path: SECRET, content: `${order.secret}\n`, mode: 0o400 },
  ];
}

/** Fetches the bootstrap script with the token and becomes it. The token is used up by that. */
function renderStarter({ node, serviceUrl }: StarterOrder): string {
  return `${SCRIPT_HEAD}
${fetchFunction(serviceUrl)}
work=$(mktemp -d "\${TMPDIR:-/tmp}/gitbuilder.XXXXXX")
export work
fetch ${shellWord(`setup/${encodeURIComponent(node)}/`)} <${TOKEN} >"$work/setup" ||
  fail "the bootstrap script could not be fetched from $service"
rm -f ${TOKEN} ${START} 2>/dev/null || :
exec /bin/sh "$work/setup"
`;
}
