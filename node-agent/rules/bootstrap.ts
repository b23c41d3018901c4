import type { BootstrapOrder } from './bootstrap-order.ts';
import { fetchFunction, SCRIPT_HEAD } from './fetch-function.ts';
import { PROVISION_SCRIPT } from './provision-files.ts';
import { PROVISION_FUNCTIONS } from './provision-functions.ts';
import { shellWord, shellWords } from './shell-word.ts';
import { SECRET } from './starter.ts';
import type { Provision, Template } from './template.ts';

/**
 * The script that makes an agent of a container (Prado's duty): what the template provisions, then
 * agent.jar in its place. POSIX sh; every value is escaped; the secret goes to java by a file that is
 * gone before java reads it.
 */
export function renderBootstrap(order: BootstrapOrder): string {
  const { node, template, serviceUrl } = order;
  const { provision } = template;
  return [
    SCRIPT_HEAD,
    fetchFunction(serviceUrl),
    PROVISION_FUNCTIONS,
    `say ${shellWord(`this becomes the agent ${node}`)}`,
    'work=${work:-$(mktemp -d "${TMPDIR:-/tmp}/gitbuilder.XXXXXX")}',
    'chmod 755 "$work"',
    ...packages(provision),
    ...user(template),
    ...locale(provision),
    ...authorizedKeys(provision),
    ...filesAndScript(order),
    ...folders(template),
    ...agent(order),
  ].join('\n');
}

function packages({ packages }: Provision): string[] {
  if (packages.length === 0) return [];
  return [`install_packages ${shellWords(packages)}`];
}

/** Sets `user`, `uid`, `gid` and `home` of whom the agent runs as. */
function user({ provision }: Template): string[] {
  if (provision.user === null) return ['as_is'];
  const { name, uid, home, sudo } = provision.user;
  const make = [name, uid === null ? '' : String(uid), home ?? ''];
  return [`make_user ${shellWords(make)}`, ...(sudo ? ['allow_sudo'] : [])];
}

function locale({ locale }: Provision): string[] {
  return locale === null ? [] : [`use_locale ${shellWord(locale)}`];
}

function authorizedKeys({ authorizedKeys }: Provision): string[] {
  return authorizedKeys.map((key) => `authorize_key ${shellWords([key])}`);
}

function filesAndScript({ template, node, buildToken }: BootstrapOrder): string[] {
  const { files, script } = template.provision;
  if (files.length === 0 && script === null) return [];
  const path = shellWord(`build/${encodeURIComponent(node)}/`);
  return [
    'has tar && has gzip || fail "the image needs tar and gzip for the files of the template"',
    `printf '%s\\n' ${shellWord(buildToken)} | fetch ${path} >"$work/build.tar.gz" ||`,
    '  fail "the files of the template could not be fetched from $service"',
    'gzip -dc "$work/build.tar.gz" | tar -xf - -C /',
    'rm -f "$work/build.tar.gz"',
    ...files.map(({ path }) => `own_file ${shellWord(path)}`),
    ...(script === null
      ? []
      : [
          'say "running the script of the template"',
          `${PROVISION_SCRIPT} || fail "the script of the template ended with status $?"`,
          `rm -f ${PROVISION_SCRIPT}`,
        ]),
  ];
}

/** The work folder, and caches: a new volume belongs to root. */
function folders({ remoteFs, caches }: Template): string[] {
  return [
    `own_folder ${shellWord(remoteFs)}`,
    ...caches.map(({ target }) => `own_folder ${shellWord(target)}`),
  ];
}

function agent({ node, template, controllerUrl, jarToken }: BootstrapOrder): string[] {
  const { java, javaOptions, remoteFs, noReconnectAfterSeconds } = template;
  const program = shellWords([java, ...javaOptions, '-jar']);
  const options = shellWords([
    ...['-url', controllerUrl, '-name', node, '-webSocket', '-workDir', remoteFs],
    ...['-noReconnectAfter', `${noReconnectAfterSeconds}s`, '-secret', '@/dev/fd/3'],
  ]);
  return [
    `has ${shellWord(java)} || fail ${shellWord(`the image has no ${java}`)}`,
    `printf '%s\\n' ${shellWord(jarToken)} | fetch agent.jar >"$work/agent.jar" ||`,
    '  fail "agent.jar could not be fetched from $service"',
    `(umask 077 && cat ${SECRET} >"$work/secret")`,
    '[ "$(id -u)" != 0 ] || chown "$uid" "$work/secret"',
    // Read through the descriptor, which java opens anew by its path.
    'exec 3<"$work/secret"',
    `rm -f "$work/secret" "$work/setup" ${SECRET} 2>/dev/null || :`,
    `cd ${shellWord(remoteFs)}`,
    'say "connecting"',
    `run_as ${program} "$work/agent.jar" ${options}`,
    '',
  ];
}
